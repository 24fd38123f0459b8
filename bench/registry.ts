import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../test/e2e/harness/process.ts';

type Counts = Readonly<Record<string, number>>;

export interface Registry {
  readonly host: string;
  /** The requests since the last question. */
  counts(): Promise<Counts>;
  stop(): void;
}

/** A registry in a process of its own; its arguments are those of the program. */
export async function startRegistry(sizes: readonly number[]): Promise<Registry> {
  const program: ChildProcess = spawn(process.execPath, [join(ROOT, 'bench/registry-program.ts'), ...sizes.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!program.stdout) throw new Error('the registry has no output');
  const lines = createInterface(program.stdout)[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? '{}');
  const { port } = await next();
  return {
    host: `127.0.0.1:${port}`,
    async counts() {
      program.kill('SIGUSR2');
      return next();
    },
    stop: () => void program.kill(),
  };
}

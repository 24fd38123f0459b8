import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/index.ts';
import { findProgram, type ProgramOptions } from '../../sandbox/index.ts';
import type { Session } from '../session.ts';

/** Runs kustomize or Helm of this machine. It needs no consent: it runs no command of the repository. */
export interface LocalProgram<Program> extends AsyncDisposable {
  readonly program: Program;
}

/** For small runs, and decrypted files. */
const MEMORY_DIRECTORY = '/dev/shm';

/** Finds a program on the `PATH`. Without it, each folder that it should render is refused by name. */
export async function openLocalProgram<Program extends { close(): Promise<void> }>(
  name: 'kustomize' | 'helm',
  create: (options: ProgramOptions) => Program,
  { env, clock }: Session,
): Promise<LocalProgram<Program>> {
  const directory = await mkdtemp(join(tmpdir(), `fluxctl-${name}-`));
  const memory = await mkdtemp(join(MEMORY_DIRECTORY, `fluxctl-${name}-`)).catch(() => undefined); // only Linux has it
  const program = create({
    program: await findProgram(name, env.PATH ?? ''),
    directory: join(directory, 'runs'),
    memoryDirectory: join(memory ?? directory, 'small-runs'),
    clock,
    logger: silentLogger(),
  });
  return {
    program,
    async [Symbol.asyncDispose]() {
      await program.close();
      for (const each of [directory, memory ?? directory]) await rm(each, { recursive: true, force: true });
    },
  };
}

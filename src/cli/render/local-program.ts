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

/** Finds a program on the `PATH`. Without it, each folder that it should render is refused by name. */
export async function openLocalProgram<Program extends { close(): Promise<void> }>(
  name: 'kustomize' | 'helm',
  create: (options: ProgramOptions) => Program,
  { env, clock }: Session,
): Promise<LocalProgram<Program>> {
  const directory = await mkdtemp(join(tmpdir(), `fluxctl-${name}-`));
  const program = create({
    program: await findProgram(name, env.PATH ?? ''),
    directory: join(directory, 'runs'),
    memoryDirectory: join(directory, 'small-runs'),
    clock,
    logger: silentLogger(),
  });
  return {
    program,
    async [Symbol.asyncDispose]() {
      await program.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

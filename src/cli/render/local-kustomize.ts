import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/index.ts';
import type { Kustomize } from '../../manifests/index.ts';
import { createKustomize, findProgram } from '../../sandbox/index.ts';
import type { Session } from '../session.ts';

/** Runs the kustomize of this machine. It needs no consent: it runs no command of the repository. */
export interface LocalKustomize extends AsyncDisposable {
  readonly program: Kustomize['program'];
}

/** Finds kustomize on the `PATH`. Without it, each folder that it should build is refused by name. */
export async function openLocalKustomize({ env, clock }: Session): Promise<LocalKustomize> {
  const directory = await mkdtemp(join(tmpdir(), 'fluxctl-kustomize-'));
  const program = createKustomize({
    program: await findProgram('kustomize', env.PATH ?? ''),
    directory: join(directory, 'builds'),
    memoryDirectory: join(directory, 'small-builds'),
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

import { join } from 'node:path';
import { type Clock, FluxError, type Logger } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Signatures } from '../git/index.ts';
import { createSopsDecrypter, type Decrypter, ManifestThread, openAgeKeys } from '../manifests/index.ts';
import { createSops, findProgram } from '../sandbox/index.ts';

/** How encrypted files are decrypted, for all sources. */
export interface SopsOfFlags {
  readonly decrypter: Decrypter;
  close(): Promise<void>;
}

interface Options {
  /** In memory. */
  readonly memoryDirectory: string;
  readonly gpg: Signatures['decryption'];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Finds sops where `--sops` asks for it; undefined without the flag.
 * @throws FluxError `config/no-sops` if there is no program to run
 */
export async function sopsOf(
  config: Pick<Config, 'sops' | 'syncTimeoutMs'>,
  { memoryDirectory, gpg, environment, clock, log }: Options,
): Promise<SopsOfFlags | undefined> {
  if (config.sops === undefined) return undefined;
  const path = await findProgram('sops', environment.PATH ?? '');
  if (path === undefined) throw noSops();
  const directory = join(memoryDirectory, 'sops');
  const program = createSops({ program: path, directory, memoryDirectory: directory, gpg, environment, clock, logger: log });
  const ageKeys = openAgeKeys(config.sops.ageKeyFiles);
  for (const problem of (await ageKeys()).problems)
    log.error({ problem }, 'age keys cannot be used; they are read again when the file changes');
  const decrypter = createSopsDecrypter({
    program,
    ageKeys,
    pgpKeys: async () => gpg?.secretKeys() ?? [],
    services: config.sops.keyServices,
    // A service that hangs leaves time for all else that a sync does.
    timeoutMs: config.syncTimeoutMs / 2,
    clock,
    thread: new ManifestThread({ clock }),
  });
  return { decrypter, close: program.close };
}

function noSops(): FluxError {
  return new FluxError('--sops needs sops, and there is none on the PATH', {
    code: 'config/no-sops',
    fault: 'user',
    help: 'The image of fluxd has it. Elsewhere, install sops 3, or leave out the flag.',
  });
}

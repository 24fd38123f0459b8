import { join } from 'node:path';
import type { Clock, Logger } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Signatures } from '../git/index.ts';
import { createGpgDecrypter, type HiddenFiles } from '../manifests/index.ts';
import { createGpg } from '../sandbox/index.ts';

/** How files are decrypted that git-secret hides, for all sources. */
export interface GitSecretOfFlags {
  readonly hiddenFiles: HiddenFiles;
  close(): Promise<void>;
}

interface Options {
  /** In memory. */
  readonly memoryDirectory: string;
  readonly gpg: Signatures['decryption'];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Decrypts by gpg where `--git-secret` asks for it; undefined without the flag. The program git-secret itself is not needed. */
export function gitSecretOf(
  config: Pick<Config, 'gitSecret' | 'gitGpgKeyImport' | 'syncTimeoutMs'>,
  { memoryDirectory, gpg, clock, log }: Options,
): GitSecretOfFlags | undefined {
  if (!config.gitSecret || !gpg) return undefined;
  // As Flux v1 words it.
  if (config.gitGpgKeyImport.length === 0)
    log.warn(
      {},
      '--git-secret is enabled but there is no GPG key(s) provided using --git-gpg-key-import, we assume you mounted the keyring directly and continue',
    );
  const directory = join(memoryDirectory, 'gpg-runs');
  const runner = createGpg({ program: gpg.program, home: gpg.home, directory, memoryDirectory: directory, clock, logger: log });
  const program = {
    async decrypt(...args: Parameters<typeof runner.decrypt>) {
      await gpg.ready();
      return runner.decrypt(...args);
    },
  };
  return { hiddenFiles: createGpgDecrypter({ program, timeoutMs: config.syncTimeoutMs / 2 }), close: runner.close };
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../base/index.ts';
import { messageOf } from '../../base/index.ts';
import { unusableKey } from './key-error.ts';
import { type KeyFiles, openKeyFiles } from './key-files.ts';
import { type KeyPair, privateKeyIn } from './key-pair.ts';
import { generateKey, type KeygenOptions, publicKeyOf, type SshKeygen } from './ssh-keygen.ts';

export interface KeyReaderOptions {
  readonly mountedFile: string;
  readonly keygen: KeygenOptions;
  readonly directories: readonly string[];
  readonly environment: SshKeygen['environment'];
  readonly log: Logger;
}

/** Name of the current private key in the private directory. */
export const CURRENT = 'identity';
/** A large RSA key takes seconds. */
const KEYGEN_MS = 60_000;

/** Makes key pairs of files and bytes, by ssh-keygen in the private directory. */
export function createKeyReader({ mountedFile, keygen, directories, environment, log }: KeyReaderOptions) {
  const program: SshKeygen = { environment, timeoutMs: KEYGEN_MS };
  /** By private key, since each takes a process. */
  const pairs = new Map<string, KeyPair>();
  let opened: KeyFiles | undefined;

  async function files(): Promise<KeyFiles> {
    opened ??= await openKeyFiles(directories, (directory, err) =>
      log.warn({ directory, err }, 'directory for the deploy key cannot be used'),
    );
    return opened;
  }

  /** @throws FluxError `git/deploy-key` for a key that cannot be used. */
  async function pairOf(privateKey: Buffer, where: string): Promise<KeyPair> {
    const name = privateKey.toString('latin1');
    const known = pairs.get(name);
    if (known) return known;
    const { inFreshDirectory } = await files();
    const pair = await inFreshDirectory(async (directory) => {
      const file = join(directory, CURRENT);
      await writeFile(file, privateKey, { mode: 0o400 });
      const publicKey = await publicKeyOf(file, program).catch((error: unknown) => {
        throw unusableKey(where, messageOf(error).replaceAll(file, where), error);
      });
      return { privateKey, publicKey };
    });
    pairs.set(name, pair);
    return pair;
  }

  return {
    files,
    pairOf,

    /** The mounted key; undefined without one. @throws FluxError `git/deploy-key`. */
    async mounted(): Promise<KeyPair | undefined> {
      const bytes = await readFile(mountedFile).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
        throw unusableKey(mountedFile, error.message, error);
      });
      const privateKey = privateKeyIn(bytes);
      return privateKey && pairOf(privateKey, mountedFile);
    },

    /** @throws FluxError `git/keygen`. */
    async generate(): Promise<KeyPair> {
      const { inFreshDirectory } = await files();
      return inFreshDirectory((directory) => generateKey(keygen, directory, program));
    },
  };
}

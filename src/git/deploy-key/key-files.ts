import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FluxError, messageOf } from '../../base/index.ts';

/** What a killed daemon may leave: the files of a key before they get their name, and directories in which one is generated. */
const UNFINISHED = '.flux-key-';
const FRESH = `${UNFINISHED}gen-`;
const UNNAMED = `${UNFINISHED}new-`;

/** The private files that ssh reads, in a directory that only this daemon uses. */
export interface KeyFiles {
  readonly directory: string;
  /** Writes a private key, whole or not at all, and resolves to its file. */
  place(name: string, privateKey: Buffer): Promise<string>;
  remove(name: string): Promise<void>;
  /** Calls `work` with a fresh directory, which is removed in the end. */
  inFreshDirectory<T>(work: (directory: string) => Promise<T>): Promise<T>;
}

/**
 * Opens the first of these directories that can be written, and removes what a killed daemon left there.
 * @throws FluxError `git/disk`
 */
export async function openKeyFiles(
  directories: readonly string[],
  onUnusable: (directory: string, error: unknown) => void,
): Promise<KeyFiles> {
  let last: unknown;
  for (const directory of directories) {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const left = (await readdir(directory)).filter((name) => name.startsWith(UNFINISHED));
      for (const name of left) await rm(join(directory, name), { recursive: true, force: true });
      // Proves that files can be made.
      await rm(await mkdtemp(join(directory, FRESH)), { recursive: true });
      return keyFilesIn(directory);
    } catch (error) {
      last = error;
      onUnusable(directory, error);
    }
  }
  throw new FluxError(`no directory for the deploy key: ${messageOf(last)}`, {
    code: 'git/disk',
    help: 'Give fluxd a writable directory by --ssh-keygen-dir, ideally in memory (an emptyDir of medium Memory).',
    cause: last,
  });
}

function keyFilesIn(directory: string): KeyFiles {
  return {
    directory,

    async place(name, privateKey) {
      const file = join(directory, name);
      const unnamed = join(directory, UNNAMED + name);
      await rm(unnamed, { force: true });
      await writeFile(unnamed, privateKey, { mode: 0o400, flag: 'wx' });
      await rename(unnamed, file);
      return file;
    },

    remove: (name) => rm(join(directory, name), { force: true }),

    async inFreshDirectory(work) {
      const fresh = await mkdtemp(join(directory, FRESH));
      try {
        return await work(fresh);
      } finally {
        await rm(fresh, { recursive: true, force: true });
      }
    },
  };
}

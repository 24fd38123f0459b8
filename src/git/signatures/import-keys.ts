import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FluxError, type Logger, messageOf } from '../../base/index.ts';
import type { Gpg } from './gpg.ts';

/** Imports GPG keys from a file, or from the files of a directory. What fails is logged, as in Flux v1, and does not prevent the start. */
export async function importKeys(gpg: Gpg, path: string, log: Logger): Promise<void> {
  try {
    const files = await filesAt(path);
    const faults: string[] = [];
    for (const file of files) {
      const { ok, said } = await gpg.importFile(file);
      if (!ok) faults.push(`${basename(file)}: ${said}`);
    }
    if (faults.length > 0) {
      const names = faults.map((fault) => fault.slice(0, fault.indexOf(':'))).join(' ');
      throw new FluxError(`errored importing keys: [${names}]: ${faults.join('; ')}`, {
        code: 'git/gpg-import',
        help: 'Each file must have GPG keys as `gpg --export` or `gpg --export-secret-keys` writes them, without passphrase.',
      });
    }
    log.info({ files: files.map((file) => basename(file)) }, `imported GPG key(s) from ${path}`);
  } catch (error) {
    log.error({ err: error }, `failed to import GPG key(s) from ${path}`);
  }
}

/** The file, or the regular files right in the directory, links to files included. */
async function filesAt(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw new FluxError(messageOf(error), { code: 'git/gpg-import', help: 'Correct --git-gpg-key-import.', cause: error });
  });
  if (!found.isDirectory()) return [path];
  const files: string[] = [];
  for (const name of (await readdir(path)).sort()) {
    const file = join(path, name);
    // A link may lead nowhere.
    const kind = await stat(file).catch(() => undefined);
    if (kind?.isFile()) files.push(file);
  }
  return files;
}

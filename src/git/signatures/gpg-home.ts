import { chmod, copyFile, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GPG_CONF } from './gpg.ts';

/** Keys and what is trusted. Configuration is left, since it names programs and servers; so are sockets and locks. */
const FILES = ['pubring.kbx', 'pubring.gpg', 'trustdb.gpg', 'secring.gpg', '.gpg-v21-migrated'];
const PRIVATE_KEYS = 'private-keys-v1.d';

/**
 * Creates a private home directory of gpg, with a copy of the keys of another one, which may be mounted read-only. Its configuration is
 * ours alone.
 */
export async function createGpgHome(home: string, copied: string | undefined): Promise<void> {
  await mkdir(join(home, PRIVATE_KEYS), { recursive: true, mode: 0o700 });
  await chmod(home, 0o700);
  await writeFile(join(home, 'gpg.conf'), GPG_CONF, { mode: 0o600 });
  // Without this file a newer gpg would keep keys in a daemon of its own.
  await writeFile(join(home, 'common.conf'), '', { mode: 0o600 });
  if (copied === undefined) return;
  for (const name of FILES) await copy(join(copied, name), join(home, name));
  const keys = await readdir(join(copied, PRIVATE_KEYS)).catch(orNone);
  for (const name of keys ?? [])
    if (name.endsWith('.key')) await copy(join(copied, PRIVATE_KEYS, name), join(home, PRIVATE_KEYS, name));
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await stat(from).catch(orNone))?.isFile()) return;
  await copyFile(from, to);
  await chmod(to, 0o600);
}

function orNone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}

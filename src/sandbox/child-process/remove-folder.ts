import { chmod, lstat, mkdtemp, opendir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasErrno } from '../../base/index.ts';

/**
 * Removes what commands left: also folders that nothing may be removed from, and nested so deep that no path leads to the end.
 * Each folder is moved to the top before it is looked into. Links are not followed. No folder, no error.
 */
export async function removeFolder(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (found === undefined) return;
  const top = await mkdtemp(join(dirname(path), `.removed-${basename(path).slice(0, 64)}-`));
  let moved = 0;
  const queue: string[] = [];
  const move = async (folder: string | Buffer) => {
    const to = join(top, String(moved));
    moved += 1;
    // Its entry `..` changes.
    await chmod(folder, 0o700);
    await rename(folder, to);
    queue.push(to);
  };
  await move(path);
  for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
    for await (const entry of await opendir(folder, { encoding: 'latin1' })) {
      const inside = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(entry.name, 'latin1')]);
      if (entry.isDirectory()) await move(inside);
      else await unlink(inside);
    }
    await rmdir(folder);
  }
  await rmdir(top);
}

import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';

/** Larger packs stay as they are, in bytes. */
const LARGE = 64 << 20;

/**
 * Combines the small packs and the loose objects of a mirror without blobs, and drops nothing: `git repack -a` before 2.49 would lose our
 * own commits, once the remote has others on top of them. The new pack is marked as one whose missing objects the remote has promised.
 */
export async function packPartial(git: Git, { gitDir, directory }: Place, run: RunOptions): Promise<void> {
  const objects = join(gitDir, 'objects');
  const packs = join(objects, 'pack');
  const small = await smallPacks(packs);
  const ids = new Set(await looseObjects(objects));
  for (const pack of small) for (const id of await git.packedIds(await readFile(join(packs, `${pack}.idx`)), run)) ids.add(id);
  const folder = await mkdtemp(join(directory, 'build-'));
  try {
    const made = await git.packObjects(folder, [...ids], run);
    if (made === undefined) return;
    await writeFile(join(folder, `${made}.promisor`), '');
    // Git finds a pack by its index.
    for (const suffix of ['promisor', 'rev', 'pack', 'idx']) await moveIfThere(`${made}.${suffix}`, folder, packs);
    for (const pack of small)
      if (pack !== made)
        for (const suffix of ['idx', 'rev', 'bitmap', 'pack', 'promisor'])
          await rm(join(packs, `${pack}.${suffix}`), { force: true });
    await git.prunePacked(run);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Place {
  readonly gitDir: string;
  /** For temporary files, on the same file system. */
  readonly directory: string;
}

async function smallPacks(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.idx'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name.replace(/idx$/, 'pack')))).size));
  return names.filter((_, index) => (sizes[index] ?? 0) < LARGE).map((name) => name.slice(0, -'.idx'.length));
}

async function looseObjects(folder: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const prefix of await readdir(folder))
    if (/^[0-9a-f]{2}$/.test(prefix))
      for (const rest of await readdir(join(folder, prefix))) if (/^[0-9a-f]{38,62}$/.test(rest)) ids.push(prefix + rest);
  return ids;
}

/** Not every git writes every file. */
async function moveIfThere(name: string, from: string, to: string): Promise<void> {
  await rename(join(from, name), join(to, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

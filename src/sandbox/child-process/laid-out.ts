import { chmod, lstat, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandFiles } from '../../repository/index.ts';
import { isExecutable, type Layout, linksInside } from '../layout.ts';
import { inParallel } from './in-parallel.ts';

/** Files of a revision on a disk, as they were written. */
export interface LaidOut {
  readonly root: string;
  readonly layout: Layout;
  /** Targets of the links that were written, by path. */
  readonly links: ReadonlyMap<string, string>;
  /** When each file, folder and link last changed in any way, in nanoseconds, by path; the root is at ''. */
  readonly changedAt: ReadonlyMap<string, bigint>;
}

export interface LayOutOptions {
  /** A folder that does not exist. */
  readonly root: string;
  readonly writable: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Writes files to a disk. Links that lead out of the root are left out. */
export async function writeOut(files: CommandFiles, layout: Layout, options: LayOutOptions): Promise<LaidOut> {
  const { root, writable, signal } = options;
  const [folderMode, fileMode] = writable ? [0o700, 0o600] : [0o500, 0o400];
  await mkdir(root, { mode: 0o700 });
  for (const folder of layout.folders) {
    signal?.throwIfAborted();
    await mkdir(join(root, folder), { mode: 0o700 });
  }
  await inParallel(layout.files, async (file) => {
    signal?.throwIfAborted();
    const mode = isExecutable(file) ? folderMode : fileMode;
    await writeFile(join(root, file.path), await files.read(file), { flag: 'wx', mode });
  });
  const targets = new Map<string, string>();
  await inParallel(layout.links, async (link) => {
    signal?.throwIfAborted();
    targets.set(link.path, (await files.read(link)).toString());
  });
  const links = await linksInside(targets, signal);
  await inParallel(links, ([path, target]) => symlink(target, join(root, path)));
  if (!writable) await inParallel(['', ...layout.folders], (folder) => chmod(join(root, folder), folderMode));
  return { root, layout, links, changedAt: await changeTimes(root, layout, links) };
}

async function changeTimes(root: string, layout: Layout, links: ReadonlyMap<string, string>): Promise<Map<string, bigint>> {
  const times = new Map<string, bigint>();
  const paths = ['', ...layout.folders, ...layout.files.map(({ path }) => path), ...links.keys()];
  await inParallel(paths, async (path) => {
    times.set(path, (await lstat(join(root, path), { bigint: true })).ctimeNs);
  });
  return times;
}

/** Whether nothing of it was changed, not even a mode. */
export async function isUnchanged({ root, changedAt }: LaidOut): Promise<boolean> {
  let unchanged = true;
  await inParallel(changedAt, async ([path, time]) => {
    const found = await lstat(join(root, path), { bigint: true }).catch(() => undefined);
    if (found?.ctimeNs !== time) unchanged = false;
  });
  return unchanged;
}

import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface WorkingDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

export interface WorkingDirectoryOptions {
  readonly parent: string;
  readonly pid: number;
  readonly isAlive: (pid: number) => boolean;
  /** Told of what could not be removed. */
  readonly onLeft: (path: string, error: unknown) => void;
  readonly remove?: (path: string) => Promise<void>;
}

const PREFIX = 'flux-gitclone-';

/**
 * A directory of our own below `parent`, named with the process id. What killed daemons left behind is removed first, so that
 * restarts do not fill the disk. What cannot be removed keeps nobody from starting: the next start tries again.
 */
export async function createWorkingDirectory({
  parent,
  pid,
  isAlive,
  onLeft,
  remove = removeTree,
}: WorkingDirectoryOptions): Promise<WorkingDirectory> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-', 1)[0]) : Number.NaN;
    // A container's daemon has the same process id at every start: what carries our own is a predecessor's.
    if (!Number.isInteger(owner) || (owner !== pid && isAlive(owner))) continue;
    const leftover = join(parent, name);
    await remove(leftover).catch((error: unknown) => onLeft(leftover, error));
  }
  const path = await mkdtemp(join(parent, `${PREFIX}${pid}-`));
  return { path, remove: () => remove(path) };
}

/** Tried again for the better part of a second: a git process that outlived its daemon may still write there. */
function removeTree(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

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
  /** Called for each directory that could not be removed. */
  readonly onLeft: (path: string, error: unknown) => void;
  readonly remove?: (path: string) => Promise<void>;
}

const PREFIX = 'flux-gitclone-';

/**
 * Creates a private directory below `parent`, named after the process id. Directories of killed daemons are removed first, so that
 * restarts do not fill the disk. A failure to remove one does not prevent the start; the next start retries.
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
    // In a container the daemon always has the same process id, so a directory with ours is from a predecessor.
    if (!Number.isInteger(owner) || (owner !== pid && isAlive(owner))) continue;
    const leftover = join(parent, name);
    await remove(leftover).catch((error: unknown) => onLeft(leftover, error));
  }
  const path = await mkdtemp(join(parent, `${PREFIX}${pid}-`));
  return { path, remove: () => remove(path) };
}

/** Retries for most of a second, since a git process that outlived its daemon may still write there. */
function removeTree(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

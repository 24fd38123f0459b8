import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface WorkingDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

const PREFIX = 'flux-gitclone-';

/**
 * A directory of our own below `parent`, named with the process id. What killed daemons left behind is removed first, so that
 * restarts do not fill the disk.
 */
export async function createWorkingDirectory(
  parent: string,
  pid: number,
  isAlive: (pid: number) => boolean,
): Promise<WorkingDirectory> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-', 1)[0]) : Number.NaN;
    // A container's daemon has the same process id at every start: what carries our own is a predecessor's.
    if (Number.isInteger(owner) && (owner === pid || !isAlive(owner)))
      await rm(join(parent, name), { recursive: true, force: true });
  }
  const path = await mkdtemp(join(parent, `${PREFIX}${pid}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

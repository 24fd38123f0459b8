import { readdirSync, readFileSync } from 'node:fs';

const MARK = 'FLUX_GIT_RUN';

/** Variables that mark a process, and what it starts, as those of a call: children inherit the environment. */
export function marked(id: string): Readonly<Record<string, string>> {
  return { [MARK]: id };
}

/**
 * Kills every process of a call. simple-git signals only the git process that it started; its children (ssh, git-remote-https,
 * index-pack) keep the mark, even if they change parent or process group. Does nothing without /proc.
 */
export function killMarked(id: string): void {
  for (const pid of entriesOf('/proc'))
    if (/^\d+$/.test(pid) && hasMark(pid, id)) ifThere(() => process.kill(Number(pid), 'SIGKILL'));
}

/**
 * Memory of the processes of a call, in bytes and without that of files. Found from parent to child, since it is read often and there may
 * be many processes. Zero where the system does not say.
 */
export function memoryOfMarked(id: string): number {
  let kibibytes = 0;
  const open = childrenOf('self');
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    if (!hasMark(pid, id)) continue;
    kibibytes += Number(/^RssAnon:\s+(\d+) kB$/m.exec(readIfThere(`/proc/${pid}/status`))?.[1] ?? 0);
    open.push(...childrenOf(pid));
  }
  return kibibytes * 1024;
}

/** Of all its threads (proc(5), `children`). */
function childrenOf(pid: string): string[] {
  return entriesOf(`/proc/${pid}/task`).flatMap((thread) =>
    readIfThere(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter((child) => child !== ''),
  );
}

function hasMark(pid: string, id: string): boolean {
  return `\0${readIfThere(`/proc/${pid}/environ`)}\0`.includes(`\0${MARK}=${id}\0`);
}

/** Empty if the process has ended, or belongs to another user. */
function readIfThere(file: string): string {
  return ifThere(() => readFileSync(file, 'latin1')) ?? '';
}

function entriesOf(folder: string): readonly string[] {
  return ifThere(() => readdirSync(folder)) ?? [];
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

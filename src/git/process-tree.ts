import { readdirSync, readFileSync } from 'node:fs';

/**
 * Kills every process whose environment contains `name=value`. simple-git signals only the git process that it started; its children
 * (ssh, git-remote-https, index-pack) inherit the environment, even if they change parent or process group. Does nothing without /proc.
 */
export function killMarked(name: string, value: string): void {
  const mark = markOf(name, value);
  for (const pid of entriesOf('/proc'))
    if (/^\d+$/.test(pid) && hasMark(pid, mark)) ifThere(() => process.kill(Number(pid), 'SIGKILL'));
}

/**
 * Memory of those of our child processes, and theirs, whose environment contains `name=value`, in bytes and without that of files. Found
 * from parent to child, since it is read often and there may be many processes. Zero where the system does not say.
 */
export function memoryOfMarked(name: string, value: string): number {
  const mark = markOf(name, value);
  let kibibytes = 0;
  const open = childrenOf('self');
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    if (!hasMark(pid, mark)) continue;
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

const markOf = (name: string, value: string) => `\0${name}=${value}\0`;

function hasMark(pid: string, mark: string): boolean {
  return `\0${readIfThere(`/proc/${pid}/environ`)}\0`.includes(mark);
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

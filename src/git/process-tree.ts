import { readdirSync, readFileSync } from 'node:fs';

/**
 * Kills every process whose environment contains `name=value`. simple-git signals only the git process that it started; its children
 * (ssh, git-remote-https, index-pack) inherit the environment, even if they change parent or process group. Does nothing without /proc.
 */
export function killMarked(name: string, value: string): void {
  forMarked(name, value, (pid) => process.kill(pid, 'SIGKILL'));
}

/** Memory of all these processes in bytes, without that of files. Zero without /proc. */
export function memoryOfMarked(name: string, value: string): number {
  let kibibytes = 0;
  forMarked(name, value, (pid) => {
    kibibytes += Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  });
  return kibibytes * 1024;
}

function forMarked(name: string, value: string, act: (pid: number) => void): void {
  const mark = `\0${name}=${value}\0`;
  for (const entry of processIds()) {
    try {
      if (`\0${readFileSync(`/proc/${entry}/environ`, 'latin1')}\0`.includes(mark)) act(Number(entry));
    } catch (error) {
      // The process has ended, or belongs to another user.
      if (!['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

function processIds(): readonly string[] {
  try {
    return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  } catch {
    return [];
  }
}

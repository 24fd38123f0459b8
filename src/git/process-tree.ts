import { readdirSync, readFileSync } from 'node:fs';

/**
 * Kills every process whose environment contains `name=value`. simple-git signals only the git process that it started; its children
 * (ssh, git-remote-https, index-pack) inherit the environment, even if they change parent or process group. Does nothing without /proc.
 */
export function killMarked(name: string, value: string): void {
  const mark = `\0${name}=${value}\0`;
  for (const entry of processIds()) {
    try {
      if (`\0${readFileSync(`/proc/${entry}/environ`, 'latin1')}\0`.includes(mark)) process.kill(Number(entry), 'SIGKILL');
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

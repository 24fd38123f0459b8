import { readdirSync, readFileSync } from 'node:fs';

/**
 * Kills every process whose environment holds `name=value`. simple-git signals only the git process it started; what that
 * started (ssh, git-remote-https, index-pack) inherits the environment, whatever its parent or process group is now. Does
 * nothing where there is no /proc.
 */
export function killMarked(name: string, value: string): void {
  const mark = `\0${name}=${value}\0`;
  for (const entry of processIds()) {
    try {
      if (`\0${readFileSync(`/proc/${entry}/environ`, 'latin1')}\0`.includes(mark)) process.kill(Number(entry), 'SIGKILL');
    } catch (error) {
      // Ended meanwhile, or somebody else's process: not ours to kill.
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

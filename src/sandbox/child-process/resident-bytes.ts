import { readFileSync } from 'node:fs';

/** The memory of a process without that of files, in bytes (proc(5), `RssAnon`); zero where the system does not say. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // no /proc, or the process has ended
  }
}

import { readFileSync } from 'node:fs';

/** What a run cost. */
export interface Cost {
  readonly seconds: number;
  /** User and system time of the program and of the processes it ran. */
  readonly cpuSeconds: number;
  /** Most memory it held at one time, MiB. */
  readonly peakMib: number;
}

/** Ticks of a second in /proc; 100 on every Linux that Node runs on. */
const TICKS = 100;

/** CPU seconds of a process so far, its ended children included. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime, stime, cutime, cstime: fields 14 to 17, counted from 1, of proc(5)
  return [11, 12, 13, 14].reduce((total, index) => total + Number(fields[index]), 0) / TICKS;
}

/** Most memory that a process ever held, MiB. */
export function peakMib(pid: number): number {
  return statusMib(pid, 'VmHWM');
}

/** Memory that a process holds, MiB. */
export function residentMib(pid: number): number {
  return statusMib(pid, 'VmRSS');
}

function statusMib(pid: number, field: string): number {
  const [, kib] = new RegExp(`${field}:\\s*(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

/** Follows a process that ends by itself; what it cost is what was last seen of it. */
export function follow(pid: number): () => Omit<Cost, 'seconds'> {
  let seen = { cpuSeconds: 0, peakMib: 0 };
  const look = () => {
    try {
      const next = { cpuSeconds: cpuSeconds(pid), peakMib: peakMib(pid) };
      if (!Number.isNaN(next.peakMib)) seen = next; // a zombie has no memory any more
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  };
  look();
  const timer = setInterval(look, 10);
  return () => {
    clearInterval(timer);
    return seen;
  };
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Medians of several runs, and the most memory of any. */
export function middle(costs: readonly Cost[]): Cost {
  return {
    seconds: median(costs.map(({ seconds }) => seconds)),
    cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
    peakMib: Math.max(...costs.map(({ peakMib }) => peakMib)),
  };
}

import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Sandbox, USER } from './helper.ts';

/** What was seen of the processes in the sandbox, while something ran there. */
export interface Seen {
  /** What no process of a command may be, in words. */
  readonly escapes: ReadonlySet<string>;
  /** The most at one time. */
  readonly processes: number;
}

const NAMESPACES = ['user', 'mnt', 'net', 'ipc', 'uts', 'cgroup', 'pid'];
const EVERY_MS = 15;

/** Looks at the processes in the sandbox until `work` has ended. */
export async function watching<T>(sandbox: Sandbox, work: Promise<T>): Promise<readonly [T, Seen]> {
  const escapes = new Set<string>();
  const helpers = await namespacesOf(sandbox, 1);
  let processes = 0;
  let over = false;
  const end = work.finally(() => {
    over = true;
  });
  while (!over) {
    const pids = (await readdir(sandbox.proc)).filter((name) => /^\d+$/.test(name) && name !== '1').map(Number);
    processes = Math.max(processes, pids.length);
    // The newest; one that has ended meanwhile is nothing to look at.
    for (const pid of pids.slice(-20))
      for (const found of await escapesOf(sandbox, pid, helpers).catch(() => [])) escapes.add(found);
    if (/^TracerPid:\t[1-9]/m.test(await readFile(join(sandbox.proc, '1', 'status'), 'utf8')))
      escapes.add('the helper was traced');
    await sleep(EVERY_MS);
  }
  return [await end, { escapes, processes }];
}

async function namespacesOf(sandbox: Sandbox, pid: number): Promise<string> {
  return (await Promise.all(NAMESPACES.map((name) => readlink(join(sandbox.proc, String(pid), 'ns', name))))).join(' ');
}

async function escapesOf(sandbox: Sandbox, pid: number, helpers: string): Promise<readonly string[]> {
  const of = join(sandbox.proc, String(pid));
  // Those which only begin: nsenter and setpriv, and the helper's own program before it is confined.
  if (/\/(nsenter|setpriv|flux-sandbox)$/.test(await readlink(join(of, 'exe')))) return [];
  const status = await readFile(join(of, 'status'), 'utf8');
  const found: string[] = [];
  if ((await namespacesOf(sandbox, pid)) !== helpers) found.push('a process is in another namespace');
  if (/^TracerPid:\t[1-9]/m.test(status)) found.push('a process was traced');
  if (!new RegExp(`^Uid:\t${USER}\t${USER}\t${USER}\t`, 'm').test(status)) found.push('a process is of another user');
  const priority = (await readFile(join(of, 'stat'), 'utf8')).split(') ').at(-1)?.split(' ')[16];
  if (priority !== '0') found.push('a process has another priority');
  const [, open = ''] = /^Max open files\s+(\d+)/m.exec(await readFile(join(of, 'limits'), 'utf8')) ?? [];
  if (open === '0' || Number(open) > 100_000) found.push('a process has other limits');
  return found;
}

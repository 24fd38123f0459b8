import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { healthSchema, syncReportSchema } from '../../src/api/wire/index.ts';
import { ROOT } from '../../test/e2e/harness/process.ts';
import type { Repository } from '../../test/e2e/harness/repository.ts';
import { freePort } from '../../test/support/free-port.ts';
import { type Cost, cpuSeconds, peakMib, residentMib } from '../measure.ts';

export type Counts = Readonly<Record<string, number>>;

/** What one sync took. */
export interface SyncCost extends Cost {
  /** From the end of the fetch to the last answer of the API server, as the daemon says: `ms` of its line `sync done`. */
  readonly daemonMs: number;
  /** Wall clock at the end of the fetch, ms since the epoch. */
  readonly fetchedAt: number;
}

/** The built daemon, running. */
export interface Fluxd {
  readonly pid: number;
  readonly url: string;
  /** From the start of the process to the end of its first sync. */
  readonly start: SyncCost & { readonly counts: Counts };
  /** Asks for a sync, and waits for its end; it has to come out as expected. `seconds` is from the question to the end. */
  sync(expected: Counts): Promise<SyncCost>;
  /** Waits until nothing is on its way; wall clock then. Everything has to be current. */
  healthy(): Promise<number>;
  residentMib(): number;
  peakMib(): number;
  /** Where the inspector listens, with Node's `--inspect`. */
  inspectorUrl(): string;
  /** Ends it, as power loss does, or as Kubernetes does (a profile is written then). */
  end(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

export interface FluxdOptions {
  readonly kubeconfig: string;
  readonly repository: Repository;
  /** Flags for Node itself, such as `--cpu-prof`. */
  readonly nodeFlags?: readonly string[];
  /** More flags of fluxd. */
  readonly args?: readonly string[];
  /** Where it looks for git. */
  readonly path?: string;
  /** The one core that it and the programs it runs may use. */
  readonly core?: number;
  /** What its API listens on; loopback unless given. */
  readonly host?: string;
}

const lineSchema = z.looseObject({ msg: z.string(), time: z.string() });
const doneSchema = z.looseObject({ ms: z.number() });
const NOT_COUNTS = new Set(['level', 'time', 'component', 'revision', 'refused', 'ms', 'msg']);

interface Done {
  readonly daemonMs: number;
  readonly fetchedAt: number;
  readonly counts: Counts;
}

/** Starts the daemon that `npm run build` made, and waits for its first sync. It fetches and syncs only when it is asked to. */
export async function startFluxd({
  kubeconfig,
  repository,
  nodeFlags = [],
  args = [],
  path = process.env.PATH,
  core,
  host = '127.0.0.1',
}: FluxdOptions): Promise<Fluxd> {
  const home = mkdtempSync(join(tmpdir(), 'flux-bench-home-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/api/v1`;
  const begin = performance.now();
  const program = join(ROOT, 'dist/fluxd.js');
  // Run as users run it, by its first line, which has flags for Node; others replace them.
  const pinned = core === undefined ? [] : ['taskset', '--cpu-list', String(core)];
  const [command, ...flags] = [...pinned, ...(nodeFlags.length === 0 ? [] : [process.execPath, ...nodeFlags]), program];
  const child = spawn(
    command ?? program,
    [
      ...flags,
      `--git-url=file://${repository.directory}`,
      '--git-branch=main',
      '--git-poll-interval=1h',
      '--sync-interval=1h',
      '--registry-disable-scanning',
      '--log-format=json',
      `--listen=${host}:${port}`,
      ...args,
    ],
    { env: { PATH: path, HOME: home, TMPDIR: home, KUBECONFIG: kubeconfig }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const pid = child.pid ?? 0;
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const done: Done[] = [];
  const trouble: string[] = [];
  let fetchedAt = 0;
  createInterface({ input: child.stderr }).on('line', (text) => {
    // One line for each object that changed; those are not worth parsing.
    if (!/"msg":"sync (started|done)"/.test(text)) {
      if (!text.startsWith('{"level":"info"')) trouble.push(text);
      return;
    }
    const line = lineSchema.parse(JSON.parse(text));
    if (line.msg === 'sync started') fetchedAt = Date.parse(line.time);
    else {
      const counts = Object.fromEntries(Object.entries(line).filter(([key]) => !NOT_COUNTS.has(key))) as Counts;
      done.push({ daemonMs: doneSchema.parse(line).ms, fetchedAt, counts });
    }
  });

  /** The sync with this number, counted from 0. */
  async function reported(number: number): Promise<Done> {
    for (;;) {
      const found = done[number];
      if (found) return found;
      if (child.exitCode !== null) throw new Error(`fluxd ended:\n${trouble.join('\n')}`);
      await sleep(1);
    }
  }

  async function ask<T>(schema: z.ZodType<T>, path: string, init?: RequestInit): Promise<T> {
    const response = await fetch(`${url}/${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return schema.parse(await response.json());
  }

  const first = await reported(0);
  const startCost = {
    seconds: (performance.now() - begin) / 1000,
    cpuSeconds: cpuSeconds(pid),
    peakMib: peakMib(pid),
    ...first,
  };
  return {
    pid,
    url,
    start: startCost,
    async sync(expected) {
      const number = done.length;
      const before = cpuSeconds(pid);
      const begun = performance.now();
      let report = await ask(syncReportSchema, 'syncs', { method: 'POST', headers: { 'content-type': 'application/json' } });
      while (report.state !== 'done') report = await ask(syncReportSchema, `syncs/${report.id}?wait=60`);
      const seconds = (performance.now() - begun) / 1000;
      const cost = { seconds, cpuSeconds: cpuSeconds(pid) - before, peakMib: peakMib(pid) };
      if (!isSame(report.counts, expected)) {
        const changes = JSON.stringify({ ...report, changes: report.changes.slice(0, 5) });
        throw new Error(`not ${JSON.stringify(expected)}: ${changes}`);
      }
      const { daemonMs, fetchedAt } = await reported(number);
      return { ...cost, daemonMs, fetchedAt };
    },
    async healthy() {
      for (;;) {
        const { settled, counts, objects } = await ask(healthSchema, 'health?wait=60');
        if (!settled) continue;
        if (objects.length > 0) throw new Error(`not healthy: ${JSON.stringify({ counts, objects: objects.slice(0, 5) })}`);
        return Date.now();
      }
    },
    residentMib: () => residentMib(pid),
    peakMib: () => peakMib(pid),
    inspectorUrl: () => /ws:\/\/\S+/.exec(trouble.join('\n'))?.[0] ?? '',
    async end(signal = 'SIGKILL') {
      child.kill(signal);
      await exited;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function isSame(one: Counts, other: Counts): boolean {
  const entries = (counts: Counts) => JSON.stringify(Object.entries(counts).sort());
  return entries(one) === entries(other);
}

import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { syncReportSchema } from '../src/api/wire/index.ts';
import { freePort } from '../test/e2e/harness/fluxd.ts';
import { ROOT, start } from '../test/e2e/harness/process.ts';
import { createRepository } from '../test/e2e/harness/repository.ts';
import { type Cost, cpuSeconds, follow, median, peakMib } from './measure.ts';

/** A first sync of a set of files, and one that has nothing to do. */
export interface Result {
  readonly name: string;
  readonly first: Cost;
  readonly again: Cost;
}

type Files = Readonly<Record<string, string>>;

const environment = { KUBECONFIG: process.env.KUBECONFIG ?? '', HOME: mkdtempSync(join(tmpdir(), 'flux-bench-')) };
const REPEATS = 5;

/** `kubectl apply` of a directory, which is what Flux v1 ran. */
export async function kubectl(name: string, files: Files, flags: readonly string[]): Promise<Result> {
  const repository = await createRepository();
  await repository.commit('Everything', files);
  const apply = async () => {
    const begin = performance.now();
    const run = start('kubectl', ['apply', ...flags, '--recursive', '--filename', repository.clone], { env: environment });
    const cost = follow(run.pid ?? 0);
    const { code, stderr } = await run.finished;
    if (code !== 0) throw new Error(`kubectl apply ended with ${code}: ${stderr}`);
    return { seconds: (performance.now() - begin) / 1000, ...cost() };
  };
  const first = await apply();
  const again = [await apply()];
  // Once is enough for what takes long anyway.
  while (again.length < 3 && (again[0]?.seconds ?? 0) < 10) again.push(await apply());
  repository.remove();
  return {
    name,
    first,
    again: middle(again),
  };
}

/**
 * The built daemon, running, as it stands when a person pushes: the first sync fetches, reads and applies the commit that brings
 * all the files, and records it in Git. A sync counts from the question to its end, the fetch included.
 */
export async function fluxd(files: Files): Promise<Result> {
  const repository = await createRepository();
  await repository.commit('Nothing yet', { 'README.md': 'nothing yet\n' });
  const port = await freePort();
  const daemon = start(
    process.execPath,
    [
      join(ROOT, 'dist/fluxd.js'),
      `--git-url=file://${repository.directory}`,
      '--git-branch=main',
      '--git-poll-interval=1h',
      '--registry-disable-scanning',
      `--listen=127.0.0.1:${port}`,
    ],
    { env: environment },
  );
  const pid = daemon.pid ?? 0;
  const count = Object.keys(files).length;
  const measure = async (outcome: 'created' | 'unchanged') => {
    const before = cpuSeconds(pid);
    const seconds = await timeSync(`http://127.0.0.1:${port}/api/v1/syncs`, { [outcome]: count });
    return { seconds, cpuSeconds: cpuSeconds(pid) - before, peakMib: peakMib(pid) };
  };
  try {
    while (!existsSync(join(repository.directory, 'refs/tags/flux-sync'))) {
      if (!daemon.running()) throw new Error(`fluxd ended:\n${daemon.output()}`);
      await sleep(2);
    }
    await repository.commit('Everything', files);
    const first = await measure('created');
    const again: Cost[] = [];
    for (let n = 0; n < REPEATS; n++) again.push(await measure('unchanged'));
    return { name: 'fluxd', first, again: middle(again) };
  } finally {
    daemon.kill('SIGKILL');
    await daemon.exited;
    repository.remove();
  }
}

function middle(costs: readonly Cost[]): Cost {
  return {
    seconds: median(costs.map(({ seconds }) => seconds)),
    cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
    peakMib: Math.max(...costs.map(({ peakMib }) => peakMib)),
  };
}

/** One sync that is asked for over the API, from the question to its end; it has to come out as expected. */
async function timeSync(url: string, expected: Readonly<Record<string, number>>): Promise<number> {
  const begin = performance.now();
  const ask = async (path: string, init?: RequestInit) => syncReportSchema.parse(await (await fetch(url + path, init)).json());
  let report = await ask('', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  while (report.state !== 'done') {
    report = await ask(`/${report.id}?wait=60`);
  }
  const seconds = (performance.now() - begin) / 1000;
  if (JSON.stringify(report.counts) !== JSON.stringify(expected))
    throw new Error(`not ${JSON.stringify(expected)}: ${JSON.stringify(report)}`);
  return seconds;
}

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ROOT, start } from '../../test/e2e/harness/process.ts';
import type { Repository } from '../../test/e2e/harness/repository.ts';
import { until } from '../../test/e2e/harness/until.ts';
import { atMost, type Case } from '../case.ts';
import { type Fluxd, startFluxd } from '../contenders/fluxd.ts';
import type { Lab } from '../lab.ts';
import type { LoadOrder } from '../load-thread.ts';
import { applications } from '../manifests.ts';
import { cpuSeconds, median } from '../measure.ts';
import { type Ground, onEmbedded } from '../on-embedded.ts';
import { latencyCells, percentile, type Sent } from '../open-loop.ts';

/** Applications, each with one workload. */
const WORKLOADS = 500;
const OBJECTS_PER_APPLICATION = 4;
const LISTINGS_PER_SECOND = 200;
const QUESTIONS_PER_SECOND = 1000;
const LOAD_MS = 60_000;
/** For what it is compared with. */
const SHORT_MS = 15_000;
/** Applications that each commit changes. */
const CHANGED = 25;
const P99_MS = 50;
const SAMPLE_MS = 500;
const CORE = 0;
const LISTING = '/api/flux/v11/services?namespace=';

export const apiLoad: Case = {
  name: 'api-load',
  title: '200 listings of 500 workloads and 1,000 /v6/sync a second for a minute, while commits are synced; fluxd on one core',
  async run(lab) {
    await lab.close();
    return onEmbedded((ground) => measure(lab, ground));
  },
};

async function measure(lab: Lab, { server, repository }: Ground): ReturnType<Case['run']> {
  const workloads = lab.scaled(WORKLOADS);
  const files = applications(workloads, 'load');
  const first = await repository.commit('Everything', files);
  const fluxd = await startFluxd({ kubeconfig: server.kubeconfig, repository, core: CORE });
  const port = Number(new URL(fluxd.url).port);
  try {
    const listing = await (await fetch(`http://127.0.0.1:${port}${LISTING}`)).arrayBuffer();
    lab.say('the same from a bare server');
    const bare = await loadBareServer(listing.byteLength, lab.waitMs(SHORT_MS));
    lab.say('from fluxd, with nothing else to do');
    const quiet = await load(port, lab.waitMs(SHORT_MS), first).done;

    lab.say('while commits are synced');
    const forMs = lab.waitMs(LOAD_MS);
    const cpuBefore = cpuSeconds(fluxd.pid);
    const memory: number[] = [];
    const sampling = setInterval(() => memory.push(fluxd.residentMib()), SAMPLE_MS);
    const loading = load(port, forMs, first);
    const syncs = await syncUntil(loading.done, { fluxd, repository, files, workloads }, loading.synced);
    clearInterval(sampling);
    const busy = await loading.done;
    const cpu = cpuSeconds(fluxd.pid) - cpuBefore;

    const failed = [busy, quiet].flatMap(({ listings, questions }) => [...listings, ...questions]).filter(isFailed).length;
    const quarter = Math.ceil(memory.length / 4);
    const [early, late] = [median(memory.slice(quarter, 2 * quarter)), median(memory.slice(-quarter))];
    return {
      tables: [
        {
          header: ['requests', 'of', 'number', 'p50 ms', 'p99 ms', 'p99.9 ms', 'slowest ms', 'answers'],
          rows: [...rows('a bare server', bare), ...rows('fluxd, no sync', quiet), ...rows('fluxd, syncs', busy)],
        },
        {
          header: ['fluxd', 'CPU s', 'syncs', 'median sync s', 'MiB second quarter', 'MiB last quarter', 'peak MiB'],
          rows: [
            [
              `syncs, ${forMs / 1000} s`,
              cpu.toFixed(1),
              String(syncs.length),
              median(syncs).toFixed(2),
              early.toFixed(0),
              late.toFixed(0),
              fluxd.peakMib().toFixed(0),
            ],
          ],
        },
      ],
      notes: [
        `Latency counts from the moment a request was due. One commit after the other changes ${CHANGED} of ${workloads} Deployments and is synced at once.`,
        `A listing has ${(listing.byteLength / 1024).toFixed(0)} KiB. The bare server sends as many bytes from memory, on the same core, and shows what the machine leaves over.`,
        'The embedded API, the clients, Git and the person who pushes share the cores; fluxd and the git that it runs have one.',
      ],
      bounds: [
        atMost('no error', failed, 0, { unit: 'failed' }),
        atMost('list-workloads: p99', percentile(times(busy.listings), 0.99), P99_MS, { unit: 'ms', digits: 1 }),
        atMost('/v6/sync: p99', percentile(times(busy.questions), 0.99), P99_MS, { unit: 'ms', digits: 1 }),
        atMost('memory stays flat: the last quarter beside the second', late / early, 1.1, { unit: '×', digits: 2 }),
      ],
    };
  } finally {
    await fluxd.end();
  }
}

interface Load {
  readonly listings: readonly Sent<number>[];
  readonly questions: readonly Sent<number>[];
}

/** Asks from a thread of its own. */
function load(port: number, forMs: number, revision: string) {
  const workerData: LoadOrder = {
    port,
    forMs,
    revision,
    listing: LISTING,
    listingsPerSecond: LISTINGS_PER_SECOND,
    questionsPerSecond: QUESTIONS_PER_SECOND,
  };
  const thread = new Worker(new URL('../load-thread.ts', import.meta.url), { workerData });
  const done = new Promise<Load>((resolve, reject) => thread.once('message', resolve).once('error', reject));
  return { done, synced: (next: string) => thread.postMessage(next) };
}

async function loadBareServer(bytes: number, forMs: number): Promise<Load> {
  const program = join(ROOT, 'bench/contenders/bare-server.ts');
  const server = start('taskset', ['--cpu-list', String(CORE), process.execPath, program, String(bytes)]);
  try {
    await until('the bare server listens', () => server.output().includes('port '));
    return await load(Number(/port (\d+)/.exec(server.output())?.[1]), forMs, 'HEAD').done;
  } finally {
    server.kill('SIGKILL');
    await server.exited;
  }
}

interface Syncing {
  readonly fluxd: Fluxd;
  readonly repository: Repository;
  readonly files: Readonly<Record<string, string>>;
  readonly workloads: number;
}

/** Commits and syncs until something else has ended; how long each sync took, s. */
async function syncUntil(
  end: Promise<unknown>,
  { fluxd, repository, files, workloads }: Syncing,
  onSynced: (revision: string) => void,
): Promise<readonly number[]> {
  let ended = false;
  const stop = () => {
    ended = true;
  };
  end.then(stop, stop);
  const changed = Math.min(CHANGED, workloads);
  const expected = { configured: changed, unchanged: 1 + workloads * OBJECTS_PER_APPLICATION - changed };
  const names = Object.keys(files).filter((name) => name.startsWith('application-'));
  const syncs: number[] = [];
  for (let round = 1; !ended; round += 1) {
    const edit = (name: string) => [name, files[name]?.replace('value: hello', `value: hello-${round}`) ?? ''];
    const revision = await repository.commit('A change', Object.fromEntries(names.slice(0, changed).map(edit)));
    syncs.push((await fluxd.sync(expected)).seconds);
    onSynced(revision);
  }
  return syncs;
}

function rows(name: string, { listings, questions }: Load): readonly (readonly string[])[] {
  const row = (what: string, of: readonly Sent<number>[]) => [what, name, ...latencyCells(of, [0.5, 0.99, 0.999, 1])];
  return [row(`list-workloads, ${LISTINGS_PER_SECOND}/s`, listings), row(`/v6/sync, ${QUESTIONS_PER_SECOND}/s`, questions)];
}

function times(of: readonly Sent<number>[]): readonly number[] {
  return of.map(({ ms }) => ms);
}

function isFailed({ answer }: Sent<number>): boolean {
  return answer !== 200;
}

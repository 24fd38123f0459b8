import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { atLeast, atMost, type Case } from '../case.ts';
import { type Fluxd, startFluxd } from '../contenders/fluxd.ts';
import type { Lab } from '../lab.ts';
import { mixedManifests } from '../manifests.ts';
import { median } from '../measure.ts';
import { type Ground, onEmbedded } from '../on-embedded.ts';
import { percentile } from '../open-loop.ts';
import type { ViewersOrder, Viewing } from '../viewers-thread.ts';

const OBJECTS = 5_000;
const VIEWERS = 1_000;
const STREAMED_TO = 32;
/** Until all of them have the page open, and have looked twice. */
const SETTLE_MS = 25_000;
const SYNCS = 20;
const DELAY_MS = 10;

export const viewers: Case = {
  name: 'viewers',
  title: '1,000 browsers with the page open while commits of one object of 5,000 are synced; fluxd on one core',
  async run(lab) {
    await lab.close();
    return onEmbedded((ground) => measure(lab, ground));
  },
};

async function measure(lab: Lab, { server, repository }: Ground): ReturnType<Case['run']> {
  const size = lab.scaled(OBJECTS);
  await repository.commit('Everything', { ...mixedManifests(size, 'viewed'), 'probe.yaml': probe('0') });
  const fluxd = await startFluxd({ kubeconfig: server.kubeconfig, repository, core: 0 });
  try {
    let round = 0;
    const syncs = async () => {
      const took: number[] = [];
      for (let n = 0; n < SYNCS; n += 1) {
        round += 1;
        await repository.commit('A change', { 'probe.yaml': probe(String(round)) });
        took.push((await fluxd.sync({ configured: 1, unchanged: size })).daemonMs);
      }
      return took;
    };
    await syncs();
    lab.say('syncs with no viewer');
    const before = await syncs();
    lab.say('the same with viewers');
    const watching = watch(fluxd, VIEWERS);
    await sleep(lab.waitMs(SETTLE_MS));
    const during = await syncs();
    const { streams, refused, looks, failed } = await watching.close();
    const after = await syncs();
    const delay = median(during) - median([...before, ...after]);
    return {
      tables: [
        {
          header: [`${size + 1} objects`, 'syncs', 'median ms', 'slowest ms'],
          rows: [
            ['no viewer', String(before.length + after.length), ...cells([...before, ...after])],
            [`${VIEWERS} viewers`, String(during.length), ...cells(during)],
          ],
        },
        {
          header: ['viewers', 'streamed to', 'streams refused', 'looks', 'median ms', 'p99 ms', 'not answered'],
          rows: [
            [
              String(VIEWERS),
              String(streams),
              String(refused),
              String(looks.length),
              median(looks).toFixed(0),
              percentile(looks, 0.99).toFixed(0),
              String(failed),
            ],
          ],
        },
      ],
      notes: [
        'A sync counts from the end of the fetch to the last answer of the API server. Each look has a connection of its own.',
      ],
      bounds: [
        atMost('viewers delay a sync by at most 10 ms', delay, DELAY_MS, { unit: 'ms', digits: 1 }),
        atLeast('32 are streamed to', streams, STREAMED_TO, { unit: '' }),
        atMost('and no more', streams, STREAMED_TO, { unit: '' }),
        atMost('every look is answered', failed, 0, { unit: 'failed' }),
      ],
    };
  } finally {
    await fluxd.end();
  }
}

function watch({ url }: Fluxd, count: number) {
  const workerData: ViewersOrder = { port: Number(new URL(url).port), viewers: count };
  const thread = new Worker(new URL('../viewers-thread.ts', import.meta.url), { workerData });
  return {
    close: () =>
      new Promise<Viewing>((resolve, reject) => {
        thread.once('message', resolve).once('error', reject);
        thread.postMessage('close');
      }),
  };
}

function probe(value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: probe\n  namespace: viewed-0\ndata:\n  value: "${value}"\n`;
}

function cells(of: readonly number[]): readonly string[] {
  return [median(of).toFixed(0), Math.max(...of).toFixed(0)];
}

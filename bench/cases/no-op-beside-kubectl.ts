import { atLeast, atMost, type Case } from '../case.ts';
import type { SyncCost } from '../contenders/fluxd.ts';
import { kubectl } from '../contenders/kubectl.ts';
import { LargeSet } from '../large-set.ts';
import { mixedManifests } from '../manifests.ts';
import { type Cost, median, middle } from '../measure.ts';
import { countRequests, describeCounts, perObject } from '../requests.ts';

const OBJECTS = 1000;
/** In turn, so that what else the machine does falls on both. */
const ROUNDS = 3;
const SYNCS_A_ROUND = 3;
/** The daemon reports whole milliseconds. */
const LEAST_SECONDS = 0.0005;

export const noOpBesideKubectl: Case = {
  name: 'no-op-beside-kubectl',
  title: 'No-op sync, 1,000 objects, after a new commit that changes no manifest, beside `kubectl apply --server-side`',
  async run(lab) {
    const server = await lab.fresh();
    const size = lab.scaled(OBJECTS);
    const peer = await kubectl(server.kubeconfig, mixedManifests(size, 'peer'), ['--server-side']);
    await peer.apply();
    const set = await LargeSet.create(server, size, 'ours');
    try {
      const daemon = await set.daemon();
      const applies: Cost[] = [];
      const syncs: SyncCost[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        applies.push(await peer.apply());
        for (let n = 0; n < SYNCS_A_ROUND; n++) syncs.push(await set.noOp(daemon));
      }
      const requests = countRequests(
        await set.counted(async (fluxd) => {
          await set.noOp(fluxd);
        }),
      );
      const [theirs, ours] = [middle(applies), middle(syncs)];
      const inDaemon = median(syncs.map(({ daemonMs }) => daemonMs)) / 1000;
      const likeForLike = theirs.seconds / Math.max(LEAST_SECONDS, inDaemon);
      const whole = theirs.seconds / ours.seconds;
      return {
        tables: [
          {
            header: [`${size} objects`, 's', 'times faster', 'CPU s'],
            rows: [
              [
                'kubectl apply --server-side, on files that are there',
                theirs.seconds.toFixed(3),
                '1.0',
                theirs.cpuSeconds.toFixed(2),
              ],
              ['fluxd, from the end of the fetch to the last answer', inDaemon.toFixed(3), likeForLike.toFixed(1), ''],
              [
                'fluxd, whole: fetch, the same, record pushed to Git',
                ours.seconds.toFixed(3),
                whole.toFixed(1),
                ours.cpuSeconds.toFixed(2),
              ],
            ],
          },
        ],
        notes: [
          `The bound is held to what both do: read what is wanted, and compare it with the cluster. kubectl fetches nothing and records nothing; with both, from the question to the answer, a sync is ${whole.toFixed(1)} times faster.`,
        ],
        bounds: [
          atLeast(
            '≥ 50 × faster than `kubectl apply --server-side` at 1,000 (from the end of the fetch to the last answer)',
            likeForLike,
            50,
            { unit: '×', digits: 1 },
          ),
          atMost(
            `0 writes to managed objects, 0 per-object requests (all: ${describeCounts(requests)})`,
            perObject(requests),
            0,
            {
              unit: '',
            },
          ),
        ],
      };
    } finally {
      peer.remove();
      await set.close();
    }
  },
};

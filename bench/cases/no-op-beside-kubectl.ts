import { atLeast, atMost, type Case } from '../case.ts';
import { kubectl } from '../contenders/kubectl.ts';
import { LargeSet } from '../large-set.ts';
import { mixedManifests } from '../manifests.ts';
import { type Cost, median, middle } from '../measure.ts';
import { countRequests, describeCounts, perObject } from '../requests.ts';

const OBJECTS = 1000;
const SYNCS = 9;
const APPLIES = 3;

export const noOpBesideKubectl: Case = {
  name: 'no-op-beside-kubectl',
  title: 'No-op sync, 1,000 objects, after a new commit that changes no manifest, beside `kubectl apply --server-side`',
  async run(lab) {
    const server = await lab.fresh();
    const size = lab.scaled(OBJECTS);
    const peer = await kubectl(server.kubeconfig, mixedManifests(size, 'peer'), ['--server-side']);
    await peer.apply();
    const applies: Cost[] = [];
    for (let n = 0; n < APPLIES; n++) applies.push(await peer.apply());
    peer.remove();

    const set = await LargeSet.create(server, size, 'ours');
    try {
      const daemon = await set.daemon();
      const syncs = [];
      for (let n = 0; n < SYNCS; n++) syncs.push(await set.noOp(daemon));
      const requests = countRequests(
        await set.counted(async (fluxd) => {
          await set.noOp(fluxd);
        }),
      );
      const [theirs, ours] = [middle(applies), middle(syncs)];
      const inDaemon = median(syncs.map(({ daemonMs }) => daemonMs));
      return {
        tables: [
          {
            header: [`${size} objects`, 'whole s', 'in the daemon ms', 'CPU s'],
            rows: [
              ['kubectl apply --server-side', theirs.seconds.toFixed(3), '', theirs.cpuSeconds.toFixed(2)],
              ['fluxd', ours.seconds.toFixed(3), inDaemon.toFixed(0), ours.cpuSeconds.toFixed(2)],
            ],
          },
        ],
        notes: ['A whole sync of fluxd is from the question to its end: fetch, read, compare, and the record pushed to Git.'],
        bounds: [
          atLeast('≥ 50 × faster than `kubectl apply --server-side` at 1,000', theirs.seconds / ours.seconds, 50, {
            unit: '×',
            digits: 1,
          }),
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
      await set.close();
    }
  },
};

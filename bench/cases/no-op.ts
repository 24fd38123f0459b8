import { atMost, type Case } from '../case.ts';
import { median, middle } from '../measure.ts';
import { countRequests, describeCounts, perObject } from '../requests.ts';

const SYNCS = 9;

export const noOp: Case = {
  name: 'no-op',
  title: 'No-op sync, 5,000 objects, after a new commit that changes no manifest',
  async run(lab) {
    const set = await lab.large();
    const daemon = await set.daemon();
    const syncs = [];
    for (let n = 0; n < SYNCS; n++) syncs.push(await set.noOp(daemon));
    const requests = countRequests(
      await set.counted(async (fluxd) => {
        await set.noOp(fluxd);
      }),
    );
    const inDaemon = syncs.map(({ daemonMs }) => daemonMs);
    const { seconds, cpuSeconds } = middle(syncs);
    return {
      tables: [
        {
          header: [`${set.size} objects`, 'whole s', 'in the daemon ms', 'runs, ms', 'CPU s'],
          rows: [['fluxd', seconds.toFixed(3), median(inDaemon).toFixed(0), inDaemon.join(' '), cpuSeconds.toFixed(2)]],
        },
      ],
      bounds: [
        atMost('≤ 150 ms in the daemon at 5,000', median(inDaemon), 150, { unit: 'ms' }),
        atMost(`0 writes to managed objects, 0 per-object requests (all: ${describeCounts(requests)})`, perObject(requests), 0, {
          unit: '',
        }),
      ],
    };
  },
};

import { atMost, type Case } from '../case.ts';
import { median, middle } from '../measure.ts';
import { countRequests, describeCounts, total } from '../requests.ts';

const SYNCS = 7;

export const oneChange: Case = {
  name: 'one-change',
  title: 'One object changed of 5,000',
  async run(lab) {
    const set = await lab.large();
    const daemon = await set.daemon();
    const syncs = [];
    for (let n = 0; n < SYNCS; n++) syncs.push(await set.oneChange(daemon));
    const requests = countRequests(
      await set.counted(async (fluxd) => {
        await set.oneChange(fluxd);
      }),
    );
    const inDaemon = syncs.map(({ daemonMs }) => daemonMs);
    const { seconds, cpuSeconds } = middle(syncs);
    return {
      tables: [
        {
          header: [`${set.size} objects`, 'whole s', 'from the end of the fetch ms', 'runs, ms', 'CPU s'],
          rows: [['fluxd', seconds.toFixed(3), median(inDaemon).toFixed(0), inDaemon.join(' '), cpuSeconds.toFixed(2)]],
        },
      ],
      bounds: [
        atMost(`≤ 3 requests (${describeCounts(requests)}; a watch is reopened every 45 s and not counted)`, total(requests), 3, {
          unit: '',
        }),
        atMost('applied ≤ 300 ms after the fetch ended', median(inDaemon), 300, { unit: 'ms' }),
      ],
    };
  },
};

import { atMost, type Case } from '../case.ts';
import { median } from '../measure.ts';
import { countRequests, describeCounts, listsByKind, perObject } from '../requests.ts';

const RESTARTS = 3;
/** Long enough for a full pass in the background to be seen. */
const WATCHED_MS = 10_000;

export const restart: Case = {
  name: 'restart',
  title: 'Restart with 5,000 objects unchanged',
  async run(lab) {
    const set = await lab.large();
    const starts = [];
    for (let n = 0; n < RESTARTS; n++) {
      const { start } = await set.restart();
      if (start.counts.unchanged !== set.size) throw new Error(`not in sync: ${JSON.stringify(start.counts)}`);
      starts.push(start);
    }
    const recorded = await set.restartCounted(lab.waitMs(WATCHED_MS));
    const requests = countRequests(recorded);
    const lists = listsByKind(recorded);
    const seconds = starts.map((start) => start.seconds);
    return {
      tables: [
        {
          header: [`${set.size} objects`, 'in sync after s', 'runs, s', 'of which the sync ms', 'CPU s', 'requests'],
          rows: [
            [
              'fluxd',
              median(seconds).toFixed(2),
              seconds.map((each) => each.toFixed(2)).join(' '),
              median(starts.map(({ daemonMs }) => daemonMs)).toFixed(0),
              median(starts.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
              describeCounts(requests),
            ],
          ],
        },
      ],
      notes: [
        `From the start of the process, with a new clone of the repository. Lists: ${[...lists].map(([path, count]) => `${path} ${count}`).join(', ')}.`,
      ],
      bounds: [
        atMost('in sync again ≤ one list per kind', Math.max(0, ...lists.values()), 1, { unit: 'lists' }),
        atMost('at most one full pass in the background (requests per object)', perObject(requests), set.size, { unit: '' }),
      ],
    };
  },
};

import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Case } from '../case.ts';

const IDLE_MS = 30_000;

export const memory: Case = {
  name: 'memory',
  title: 'RSS of the bundled fluxd at 5,000 objects',
  async run(lab) {
    const set = await lab.large();
    const daemon = set.firstDaemon();
    for (let n = 0; n < 2; n++) await set.noOp(daemon);
    await sleep(lab.waitMs(IDLE_MS));
    const [steady, peak] = [daemon.residentMib(), daemon.peakMib()];
    return {
      tables: [
        {
          header: [`${set.size} objects`, 'steady MiB', 'an object KiB', 'peak MiB', 'first sync s', 'first sync CPU s'],
          rows: [
            [
              'fluxd',
              steady.toFixed(0),
              (((steady - set.emptyMib) * 1024) / set.size).toFixed(1),
              peak.toFixed(0),
              (set.first.daemonMs / 1000).toFixed(2),
              set.first.cpuSeconds.toFixed(2),
            ],
          ],
        },
      ],
      notes: [
        'Steady: VmRSS half a minute after the first sync and two more. Peak: VmHWM since the start, the first sync included.',
        'An object: what steady is above the daemon without any object, shared out.',
      ],
      bounds: [
        atMost('RSS at 5,000: steady ≤ 180 MiB', steady, 180, { unit: 'MiB' }),
        atMost('RSS at 5,000: peak ≤ 260 MiB', peak, 260, { unit: 'MiB' }),
      ],
    };
  },
};

import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedApi } from '../api-server.ts';
import { atMost, type Bound, type Case } from '../case.ts';
import { exponent, slope } from '../fit.ts';
import type { Lab } from '../lab.ts';
import { LargeSet } from '../large-set.ts';
import { median } from '../measure.ts';

const SIZES = [500, 1000, 5000, 10_000, 20_000];
const SYNCS = 7;
const IDLE_MS = 30_000;
/** The daemon reports whole milliseconds. */
const LEAST_MS = 0.5;
/** A cost whose exponent is not above this grows linearly, as far as can be measured on a busy machine. */
const LINEAR = 1.1;

interface Costs {
  readonly size: number;
  /** From the end of the fetch to the last answer. */
  readonly firstMs: number;
  readonly firstCpuMs: number;
  /** In the daemon. */
  readonly noOpMs: number;
  readonly steadyMib: number;
  readonly peakMib: number;
}

const KIB_A_MIB = 1024;

const MEASURES = [
  { what: 'time of the first sync', of: ({ firstMs }: Costs) => firstMs, unit: 'ms', digits: 0 },
  { what: 'CPU time of the daemon in the first sync', of: ({ firstCpuMs }: Costs) => firstCpuMs, unit: 'ms', digits: 0 },
  { what: 'time of a no-op sync in the daemon', of: ({ noOpMs }: Costs) => noOpMs, unit: 'ms', digits: 2 },
  { what: 'memory, steady', of: ({ steadyMib }: Costs) => steadyMib, unit: 'MiB', digits: 1 },
  { what: 'memory, peak', of: ({ peakMib }: Costs) => peakMib, unit: 'MiB', digits: 1 },
] as const;

export const growth: Case = {
  name: 'growth',
  title: 'Cost growth from 500 to 20,000 objects, against the embedded API in another process',
  async run(lab) {
    await lab.close();
    const all: Costs[] = [];
    for (const size of SIZES.map(lab.scaled)) {
      const costs = await measure(lab, size);
      lab.say(`${size} objects: ${MEASURES.map(({ what, of, unit }) => `${what} ${of(costs).toFixed(0)} ${unit}`).join(', ')}`);
      all.push(costs);
    }
    const largest = all.at(-1);
    if (!largest) throw new Error('nothing was measured');
    return {
      tables: [
        {
          header: ['objects', ...MEASURES.map(({ what, unit }) => `${what}, ${unit}`)],
          rows: all.map((costs) => [String(costs.size), ...MEASURES.map(({ of }) => of(costs).toFixed(0))]),
        },
        {
          header: ['cost', 'exponent', 'each further 1,000 objects'],
          rows: MEASURES.map(({ what, of, unit, digits }) => {
            const perThousand = slope(all.map((costs) => ({ size: costs.size / 1000, cost: of(costs) })));
            const each = unit === 'MiB' ? ` (${((perThousand * KIB_A_MIB) / 1000).toFixed(1)} KiB an object)` : '';
            return [what, exponentOf(all, of).toFixed(2), `${perThousand.toFixed(digits)} ${unit}${each}`];
          }),
        },
      ],
      notes: [
        'Exponent: least squares on log–log; 1 is linear, less than 1 where a part is paid once, 2 quadratic.',
        "The time of the first sync is the embedded API's too, which shares the cores; the CPU time is the daemon's alone.",
      ],
      bounds: [
        ...MEASURES.map(({ what, of }): Bound => {
          const promise = `time and memory linear in objects from 500 to 20,000: ${what} (exponent)`;
          return atMost(promise, exponentOf(all, of), LINEAR, { unit: '', digits: 2 });
        }),
        atMost('RSS at 20,000: steady ≤ 320 MiB', largest.steadyMib, 320, { unit: 'MiB' }),
        atMost('RSS at 20,000: peak ≤ 480 MiB', largest.peakMib, 480, { unit: 'MiB' }),
      ],
    };
  },
};

function exponentOf(all: readonly Costs[], of: (costs: Costs) => number): number {
  return exponent(all.map((costs) => ({ size: costs.size, cost: of(costs) })));
}

async function measure(lab: Lab, size: number): Promise<Costs> {
  const server = await startEmbeddedApi();
  let set: LargeSet | undefined;
  try {
    set = await LargeSet.create(server, size, 'growth');
    const daemon = set.firstDaemon();
    const syncs = [];
    for (let n = 0; n < SYNCS; n++) syncs.push(await set.noOp(daemon));
    await sleep(lab.waitMs(IDLE_MS));
    return {
      size,
      firstMs: set.first.daemonMs,
      firstCpuMs: set.first.cpuSeconds * 1000,
      noOpMs: Math.max(LEAST_MS, median(syncs.map(({ daemonMs }) => daemonMs))),
      steadyMib: daemon.residentMib(),
      peakMib: daemon.peakMib(),
    };
  } finally {
    await set?.close();
    await server.stop();
  }
}

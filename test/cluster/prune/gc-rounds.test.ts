import { afterAll, describe, expect, test } from 'vitest';
import { History, HOUSES, type Tally } from './gc-rounds/history.ts';

/** Rounds in all; `.ci/run` asks for 10,000. GC_SEED repeats one history. */
const ROUNDS = Number(process.env.GC_ROUNDS ?? 100);
const ROUNDS_A_HISTORY = Math.min(125, Math.ceil(ROUNDS / HOUSES.length));
const SEED = Number(process.env.GC_SEED ?? 20_302);
const histories = Array.from({ length: Math.ceil(ROUNDS / ROUNDS_A_HISTORY / HOUSES.length) }, (_, n) => SEED + n);

const sum: Tally = { rounds: 0, deletes: 0, held: 0, doubtful: 0, failedPlans: 0, approvals: 0 };
afterAll(() => console.log(`garbage collection: ${JSON.stringify(sum)}`));

describe.each(HOUSES)('%s', (house) => {
  test.each(histories)(
    'no object is deleted that Git holds, and all that must go is gone in the end; GC_SEED=%i',
    async (seed) => {
      const history = new History(seed, house);
      await history.start();
      try {
        for (let round = 0; round < ROUNDS_A_HISTORY; round += 1) {
          await history.round();
          expect(history.violations, `in round ${round}`).toEqual([]);
        }
        const { leftOver, missing } = await history.settle();
        expect(history.violations).toEqual([]);
        expect({ leftOver, missing }).toEqual({ leftOver: [], missing: [] });
      } finally {
        await history.stop();
      }
      for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += history.tally[key];
    },
  );
});

test('the rounds did what they are for', () => {
  expect(sum.rounds).toBeGreaterThan(0);
  expect(sum.deletes).toBeGreaterThan(sum.rounds / 4);
  for (const count of [sum.held, sum.doubtful, sum.failedPlans, sum.approvals]) expect(count).toBeGreaterThan(sum.rounds / 50);
});

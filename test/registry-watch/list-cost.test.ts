import { expect, test } from 'vitest';
import { costAfter, type ListCost, partOf } from '../../src/registry-watch/list-cost.ts';
import { BudgetSpent } from '../../src/registry-watch/spending.ts';

const three: ListCost = { requests: 3, isPaid: false };
const spent = (isPaid = false) => new BudgetSpent('hub', 0, isPaid);

test.each<[string, ListCost, readonly number[], readonly (readonly [number | undefined, boolean])[]]>([
  [
    'not known',
    { requests: 1, isPaid: false },
    [1, 2, 3],
    [
      [1, false],
      [undefined, true],
      [undefined, true],
    ],
  ],
  [
    'known',
    three,
    [1, 2, 3, 4],
    [
      [3, false],
      [2, true],
      [1, true],
      [undefined, true],
    ],
  ],
  [
    'that was paid',
    { ...three, isPaid: true },
    [1, 2],
    [
      [3, true],
      [2, true],
    ],
  ],
])('each request of a list %s needs those that follow', (_, cost, numbers, parts) => {
  const found = numbers.map((sent) => partOf(cost, sent));
  expect(found).toEqual(parts.map(([requests, isBegun]) => ({ requests, isBegun })));
});

test.each<[string, ListCost, number, unknown, ListCost]>([
  ['read', three, 5, undefined, { requests: 5, isPaid: false }],
  ['that failed', { ...three, isPaid: true }, 2, new Error('reset'), three],
  ['whose turn has not come', three, 1, spent(), three],
  ['that waits for what it has paid', three, 1, spent(true), { ...three, isPaid: true }],
  ['that others left too little for', { ...three, isPaid: true }, 1, spent(), { ...three, isPaid: true }],
  ['that others left too little for when it had begun', three, 2, spent(), { ...three, isPaid: true }],
  ['longer than expected', three, 4, spent(), { requests: 8, isPaid: false }],
])('what is known after a list %s', (_, cost, sent, error, known) => {
  expect(costAfter(cost, sent, error)).toEqual(known);
});

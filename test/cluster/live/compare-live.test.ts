import { describe, expect, test } from 'vitest';
import { compareLive } from '../../../src/cluster/live/compare-live.ts';
import { processorMs } from '../../support/processor.ts';

const items = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `n${index}`, value: `v${index}` }));

const ownedItems = (count: number) =>
  Object.fromEntries(items(count).map(({ name }) => [`k:${JSON.stringify({ name })}`, { '.': {}, 'f:name': {}, 'f:value': {} }]));

const owned = (fields: object) => [
  { manager: 'kubectl', operation: 'Update', time: '2030-01-01T00:00:00Z', fieldsV1: { 'f:spec': fields } },
];

const objectOf = (spec: object, metadata: object = {}): Readonly<Record<string, unknown>> => ({
  apiVersion: 'acme.io/v1',
  kind: 'Shop',
  metadata: { name: 'a', ...metadata },
  spec,
});

/** The best of three: other tests of this process run beside it. */
const cpuOf = (work: () => void) => Math.min(...[1, 2, 3].map(() => processorMs(work)));

describe('comparing does not hold up the process', () => {
  test.each<[what: string, desired: ReturnType<typeof objectOf>, live: ReturnType<typeof objectOf>]>([
    [
      'a list of 1,500 items that all have an owner',
      objectOf({}),
      objectOf({ list: items(1_500) }, { managedFields: owned({ 'f:list': ownedItems(1_500) }) }),
    ],
    [
      'a list of 2,000 items in another order',
      objectOf({ list: items(2_000).toReversed() }),
      objectOf({ list: items(2_000) }, { managedFields: owned({ 'f:list': ownedItems(10) }) }),
    ],
    [
      '2,000 keys of 1,000 dots',
      objectOf(Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`${'.'.repeat(1_000)}${index}`, 'x']))),
      objectOf({}),
    ],
    ['a key of 400,000 dots', objectOf({ ['.'.repeat(400_000)]: 'x' }), objectOf({})],
  ])('with %s', (_, desired, live) => {
    expect(cpuOf(() => compareLive(desired, live, undefined))).toBeLessThan(100);
  });
});

test.each([
  ['are as in Git', true],
  ['Git does not have', false],
])('of too many fields, one that differs is not left out for those that %s', (_, areInGit) => {
  const others = Object.fromEntries(Array.from({ length: 2_500 }, (_, index) => [`a${index}`, 'x']));
  const desired = objectOf({ ...(areInGit ? others : {}), z: 'git' });
  const { fields, isCut } = compareLive(desired, objectOf({ ...others, z: 'cluster' }), undefined);
  expect([fields.length, isCut]).toEqual([2_000, true]);
  expect(fields.filter(({ state }) => state === 'differs').map(({ path }) => path)).toEqual(['spec.z']);
});

test('the owner of an item that leaves a key to its default is found', () => {
  const live = objectOf(
    { ports: [{ port: 80 }, { port: 81 }] },
    { managedFields: owned({ 'f:ports': { 'k:{"port":81,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } }) },
  );
  const { fields } = compareLive(objectOf({}), live, undefined);
  const found = fields.filter(({ path }) => path !== 'spec');
  expect(found.map(({ path, owners }) => [path, owners.map(({ manager }) => manager)])).toEqual([
    ['spec.ports[port=80].port', []],
    ['spec.ports[port=81].port', ['kubectl']],
  ]);
});

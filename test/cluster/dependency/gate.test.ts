import { describe, expect, test } from 'vitest';
import { gateAfter, gateOf, type Member, type Reached } from '../../../src/cluster/dependency/gate.ts';
import type { Dependency } from '../../../src/resource/index.ts';

const on = (folder: string, healthy = false): Dependency => ({ folder, healthy, units: [] });
const member = (facts: Partial<Member> = {}): Member => ({ id: 'shop:deployment/db', ...facts });
const members = (...all: readonly Member[]): Reached => ({ isUnread: false, members: all });
const applied = member({ outcome: 'configured' });
const UNREAD: Reached = { isUnread: true, members: [] };

/** The state, or the reason. */
const gate = (after: readonly Dependency[], reached: Readonly<Record<string, Reached>>) => {
  const found = gateOf(after.map((each) => gateAfter(each, reached[each.folder] ?? members())));
  return found.state === 'closed' ? found.reason : found.state;
};

describe('a part that comes after one other', () => {
  test.each<[string, Reached, string]>([
    ['without objects', members(), 'open'],
    ['created', members(member({ outcome: 'created' })), 'open'],
    ['configured', members(applied), 'open'],
    ['unchanged', members(member({ outcome: 'unchanged' })), 'open'],
    ['ignored', members(member({ outcome: 'skipped' })), 'open'],
    ['not tried', members(applied, member()), 'undecided'],
    ['failed', members(applied, member({ outcome: 'failed' })), 'waits for db: shop:deployment/db could not be applied'],
    [
      'failed while more is not tried',
      members(member(), member({ outcome: 'failed' })),
      'waits for db: shop:deployment/db could not be applied',
    ],
    ['held', members(member({ outcome: 'held' })), 'waits for db: shop:deployment/db is held'],
    [
      'waiting itself',
      members(member({ outcome: 'held', waitsFor: { path: 'base', forHealth: true } })),
      'waits for db: shop:deployment/db waits for base',
    ],
    ['unread', UNREAD, 'waits for db: some of it could not be read'],
    ['unhealthy', members(member({ outcome: 'created', health: 'failed' })), 'open'],
  ])('that is %s', (_, reached, expected) => {
    expect(gate([on('db')], { db: reached })).toBe(expected);
  });

  test.each<[Member['health'], string]>([
    [undefined, 'open'],
    ['current', 'open'],
    ['inProgress', 'waits for db: shop:deployment/db is not ready'],
    ['failed', 'waits for db: shop:deployment/db has failed'],
    ['terminating', 'waits for db: shop:deployment/db is being deleted'],
    ['missing', 'waits for db: shop:deployment/db is missing'],
    ['unknown', 'waits for db: shop:deployment/db cannot be watched'],
  ])('that has to be healthy and is %s', (health, expected) => {
    const reached = members(applied, member({ outcome: 'unchanged', ...(health ? { health } : {}) }));
    expect(gate([on('db', true)], { db: reached })).toBe(expected);
  });
});

describe('a part that comes after several', () => {
  const sick = members(member({ outcome: 'created', health: 'inProgress' }));
  const failed = members(member({ outcome: 'failed' }));
  test.each<[string, Readonly<Record<string, Reached>>, string]>([
    ['all reached', { a: members(applied), b: members(applied) }, 'open'],
    ['one not tried', { a: members(applied), b: members(member()) }, 'undecided'],
    ['one failed, one not tried', { a: members(member()), b: failed }, 'waits for b: shop:deployment/db could not be applied'],
    ['one not healthy, one not tried', { a: sick, b: members(member()) }, 'undecided'],
    ['one not healthy, one failed', { a: sick, b: failed }, 'waits for b: shop:deployment/db could not be applied'],
    ['both not healthy', { a: sick, b: sick }, 'waits for a: shop:deployment/db is not ready'],
  ])('%s', (_, reached, expected) => {
    expect(gate([on('a', true), on('b', true)], reached)).toBe(expected);
  });
});

test('what waits is data, too', () => {
  expect(gateAfter(on('', true), members(member({ outcome: 'created', health: 'failed' })))).toEqual({
    ...{ state: 'closed', byHealth: true, reason: 'waits for .: shop:deployment/db has failed' },
    wait: { path: '.', id: 'shop:deployment/db', forHealth: true },
  });
  expect(gateAfter(on('db'), UNREAD)).toEqual({
    ...{ state: 'closed', byHealth: false, reason: 'waits for db: some of it could not be read' },
    wait: { path: 'db', forHealth: false },
  });
  // Of what waits itself, it is known for what in the end.
  for (const forHealth of [true, false]) {
    const waits = member({ outcome: 'held', waitsFor: { path: 'base', forHealth } });
    expect(gateAfter(on('db', true), members(waits))).toMatchObject({ byHealth: false, wait: { path: 'db', forHealth } });
  }
});

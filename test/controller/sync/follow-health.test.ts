import { describe, expect, test } from 'vitest';
import type { HealthState, ObjectHealth } from '../../../src/change/index.ts';
import { afterStates, afterSync, type Following, nextLookAt, separate } from '../../../src/controller/sync/follow-health.ts';
import type { RecordedHealth } from '../../../src/record/index.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const WEB = 'shop:deployment/web';
const API = 'shop:deployment/api';
const IMAGES = { web: 'acme/web:1' };

interface Step {
  readonly following: Following;
  readonly settled: readonly { readonly revision: string; readonly id: string; readonly health: RecordedHealth }[];
}

/** What became known by it. */
function step(before: Following, following: Following): Step {
  const known = new Map(before.map(({ revision, settled }) => [revision, settled]));
  const settled = following.flatMap(({ revision, settled: now }) =>
    [...now].flatMap(([id, health]) => (known.get(revision)?.get(id) === health ? [] : [{ revision, id, health }])),
  );
  return { following, settled };
}

/** A sync of a revision that changed these workloads; it has those, and `kept`. */
function synced(following: Following, revision: string, changed: readonly string[], kept: readonly string[] = [WEB, API]): Step {
  const next = afterSync(following, {
    revision,
    until: 1_000,
    changed: new Map(changed.map((id) => [id, IMAGES])),
    isWanted: (id) => [...changed, ...kept].includes(id),
  });
  return step(following, next);
}

function seen(following: Following, states: Readonly<Record<string, HealthState>>, now = 0, provenMs = 0): Step {
  const all = Object.entries(states).map(([id, state]): ObjectHealth => ({ id, state, message: `it is ${state}` }));
  return step(following, afterStates(following, all, { now, provenMs }));
}

const told = ({ settled }: Step) =>
  settled.map(({ revision, id, health: { state, reason = '' } }) => [revision[0], id, state, reason].filter(Boolean).join(' '));
const open = ({ following }: Step) =>
  separate(following).following.map(({ revision, pending }) => `${revision[0]}: ${[...pending.keys()].sort().join()}`);

describe('the workloads that a sync changed', () => {
  test.each<[HealthState, number, readonly string[]]>([
    ['current', 0, [`a ${WEB} healthy`]],
    ['failed', 0, [`a ${WEB} failed it is failed`]],
    ['unknown', 0, [`a ${WEB} unknown it is unknown`]],
    ['inProgress', 999, []],
    ['missing', 999, []],
    ['terminating', 999, []],
    ['inProgress', 1_000, [`a ${WEB} unknown not healthy in time: it is inProgress`]],
    ['missing', 1_000, [`a ${WEB} unknown not healthy in time: it is missing`]],
    ['current', 1_000, [`a ${WEB} healthy`]],
    ['failed', 1_000, [`a ${WEB} failed it is failed`]],
  ])('one that is %s after %i ms', (state, now, expected) => {
    const after = seen(synced([], A, [WEB]).following, { [WEB]: state }, now);
    expect(told(after)).toEqual(expected);
    expect(open(after)).toEqual(expected.length === 0 ? [`a: ${WEB}`] : []);
  });

  test('are healthy when they have been so for a while without interruption, or at the end of their time', () => {
    const states: readonly (readonly [number, HealthState])[] = [
      [0, 'current'],
      [50, 'inProgress'],
      [60, 'current'],
      [159, 'current'],
      [160, 'current'],
    ];
    let { following } = synced([], A, [WEB]);
    const all = states.map(([now, state]) => {
      const step = seen(following, { [WEB]: state }, now, 100);
      following = step.following;
      return told(step);
    });
    expect(all).toEqual([[], [], [], [], [`a ${WEB} healthy`]]);
    expect(told(seen(synced([], A, [WEB]).following, { [WEB]: 'current' }, 1_000, 100))).toEqual([`a ${WEB} healthy`]);
    const waiting = seen(synced([], A, [WEB]).following, { [WEB]: 'current' }, 7, 100).following;
    expect([nextLookAt(waiting, 100), nextLookAt(synced([], A, [WEB]).following, 100)]).toEqual([107, 1_000]);
  });

  test('are followed until the last of them is known, and told once', () => {
    const first = synced([], A, [WEB, API]);
    expect([told(first), open(first)]).toEqual([[], [`a: ${API},${WEB}`]]);
    const second = seen(first.following, { [WEB]: 'current', [API]: 'inProgress' });
    expect([told(second), open(second)]).toEqual([[`a ${WEB} healthy`], [`a: ${API}`]]);
    const third = seen(second.following, { [WEB]: 'failed', [API]: 'failed' });
    expect([told(third), open(third)]).toEqual([[`a ${API} failed it is failed`], []]);
    const { complete } = separate(third.following);
    expect(complete.map(({ settled }) => Object.fromEntries(settled))).toEqual([
      { [WEB]: { state: 'healthy', images: IMAGES }, [API]: { state: 'failed', images: IMAGES, reason: 'it is failed' } },
    ]);
  });

  test('a sync without them follows nothing', () => {
    expect(synced([], A, []).following).toEqual([]);
  });

  test.each<[string, (following: Following) => Step, readonly string[], readonly string[]]>([
    ['leaves others alone', (f) => synced(f, B, [API]), [], [`a: ${WEB}`, `b: ${API}`]],
    ['leaves all alone, if it changes none', (f) => synced(f, B, []), [], [`a: ${WEB}`]],
    [
      'ends following what it changes again',
      (f) => synced(f, B, [WEB]),
      [`a ${WEB} unknown changed by revision bbbbbbb before it was healthy`],
      [`b: ${WEB}`],
    ],
    [
      'ends following what it removes',
      (f) => synced(f, B, [], []),
      [`a ${WEB} unknown removed by revision bbbbbbb before it was healthy`],
      [],
    ],
    ['of the same revision adds to it', (f) => synced(f, A, [API]), [], [`a: ${API},${WEB}`]],
    ['of the same revision starts again', (f) => synced(f, A, [WEB]), [], [`a: ${WEB}`]],
  ])('a later sync %s', (_name, later, expected, left) => {
    const after = later(synced([], A, [WEB]).following);
    expect([told(after), open(after)]).toEqual([expected, left]);
  });

  test('of more than 20 syncs, the oldest are not followed any more', () => {
    let following: Following = [];
    for (let n = 0; n < 20; n += 1)
      following = synced(following, String(n).padStart(40, '0'), [`shop:deployment/w${n}`], all(20)).following;
    expect(separate(following).following).toHaveLength(20);
    const after = synced(following, A, [WEB], all(20));
    expect(told(after)).toEqual(['0 shop:deployment/w0 unknown not healthy before many later syncs changed workloads']);
    expect(separate(after.following).following).toHaveLength(20);
  });
});

const all = (count: number) => Array.from({ length: count }, (_, n) => `shop:deployment/w${n}`);

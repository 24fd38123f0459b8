import { describe, expect, test } from 'vitest';
import type { LiveObject } from '../../../src/cluster/object/live.ts';
import { CHECKSUM_ANNOTATION, MARK_LABEL } from '../../../src/cluster/object/ownership.ts';
import { type Decision, decide } from '../../../src/cluster/plan/decide.ts';
import { nextTruceEnd, noteCorrections } from '../../../src/cluster/plan/fight.ts';
import type { ApplyStep } from '../../../src/cluster/plan/step.ts';
import { createSyncSet } from '../../../src/cluster/plan/sync-set.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import type { Target } from '../../../src/cluster/scope/scope.ts';
import { changeOf } from '../../support/changes.ts';
import { loneSource } from '../../support/lone-cluster.ts';
import { partOf } from '../../support/part-of.ts';

const SECOND = 1_000;
const known = {
  checksum: 'c',
  replicas: undefined,
  mark: 'm',
  uid: 'u',
  resourceVersion: '1',
  generation: 1,
  fingerprint: 't1 ours',
};

/** The object after somebody took fields of it. */
function taken(by: string, ...fields: readonly string[]): LiveObject {
  return {
    name: 'web',
    uid: 'u',
    resourceVersion: '2',
    labels: { [MARK_LABEL]: 'm' },
    annotations: { [CHECKSUM_ANNOTATION]: 'c' },
    managedFields: [],
    fingerprint: 't1 theirs',
    lost: { fields, by },
  };
}

/** Plays one object: what is seen of it at each time, corrected whenever it may be. */
function play(events: readonly (readonly [seconds: number, live: LiveObject | undefined])[]) {
  const set = createSyncSet({
    source: loneSource('s'),
    order: 0,
    defaultNamespace: 'default',
    allowed: createAllowedNamespaces([]),
  });
  return events.map(([seconds, live]): Decision['action'] => {
    const now = seconds * SECOND;
    const fight = set.fights.get('k');
    const { action } = decide({ checksum: 'c', mark: 'm', live, known, fight, manager: 'flux', now });
    if (action === 'change' || action === 'create') {
      const step = partOf<ApplyStep>({ act: 'apply', target: partOf<Target>({ key: 'k' }), live, isDrift: true });
      noteCorrections(set, [step], [changeOf('x:y/z', action === 'create' ? 'created' : 'configured')], { now, manager: 'flux' });
      expect(nextTruceEnd([set], now)).toBeGreaterThan(now);
    }
    return action;
  });
}

describe('somebody who undoes each correction (R-011)', () => {
  test('is known by name after a correction has taken their fields away', () => {
    const set = createSyncSet({
      source: loneSource('s'),
      order: 0,
      defaultNamespace: 'default',
      allowed: createAllowedNamespaces([]),
    });
    const correct = (live: LiveObject | undefined) => {
      const step = partOf<ApplyStep>({ act: 'apply', target: partOf<Target>({ key: 'k' }), live, isDrift: true });
      noteCorrections(set, [step], [changeOf('x:y/z', 'configured')], { now: 0, manager: 'flux' });
      return set.fights.get('k')?.by;
    };
    expect([correct(undefined), correct(taken('hpa', 'spec.replicas')), correct(undefined)]).toEqual([undefined, 'hpa', 'hpa']);
  });

  test('is corrected at once at first, then after 2, 4, 8 … seconds, at last every ten minutes', () => {
    const every = Array.from({ length: 7200 }, (_, second) => [second, taken('hpa', 'spec.replicas')] as const);
    const corrected = play(every).flatMap((action, second) => (action === 'change' ? [second] : []));
    expect(corrected.slice(0, 6)).toEqual([0, 2, 6, 14, 30, 62]);
    const pauses = corrected.slice(-6).map((at, index, all) => (index === 0 ? 0 : at - (all[index - 1] ?? 0)));
    expect(pauses.slice(1)).toEqual([600, 600, 600, 600, 600]);
  });

  test('is known as the same one though another writer shows in between, or other fields are taken', () => {
    expect(
      play([
        [0, taken('bad', 'spec.paused')],
        [0.01, taken('kube-controller-manager', 'spec.paused')],
        [0.02, taken('bad', 'spec.replicas')],
      ]),
    ).toEqual(['change', 'held', 'held']);
  });

  test('is known by deletions too, so that nothing is created and deleted without end', () => {
    expect(
      play([
        [0, undefined],
        [0.1, undefined],
        [2, undefined],
        [3, undefined],
        [6, undefined],
      ]),
    ).toEqual(['create', 'held', 'create', 'held', 'create']);
  });

  test('is forgotten after ten minutes of peace', () => {
    expect(
      play([
        [0, taken('a', 'x')],
        [700, taken('a', 'x')],
        [701, taken('a', 'x')],
        [703, taken('a', 'x')],
      ]),
    ).toEqual(['change', 'change', 'held', 'change']);
  });
});

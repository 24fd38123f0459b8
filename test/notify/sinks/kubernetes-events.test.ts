import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Change, ObjectEvent } from '../../../src/change/index.ts';
import { kubernetesEvents } from '../../../src/notify/index.ts';
import type { FluxEvent } from '../../../src/record/index.ts';

const REVISION = '0123456789abcdef0123456789abcdef01234567';
const inGit = (id: string) => ({ id, inGit: true, place: { file: 'web.yaml', document: 2, line: 7 } }) as const;
const web = 'shop:deployment/web';

function told(change: Change, ...events: FluxEvent[]) {
  const recorded: ObjectEvent[] = [];
  const sink = kubernetesEvents({ recordEvents: (some) => void recorded.push(...some) });
  void sink.receive({ events, sync: { revision: REVISION, changes: [change] } }, { signal: new AbortController().signal });
  return recorded.map(({ reason, action, type, note }) => ({ reason, action, type, note }));
}

const autorelease = (result: Extract<FluxEvent, { type: 'autorelease' }>['metadata']['result']): FluxEvent => ({
  type: 'autorelease',
  objects: [web],
  startedAt: 0,
  endedAt: 0,
  metadata: { Revision: 'abcdef0123', result, spec: {} },
});

test.each(['created', 'configured'] as const)('a workload that was %s', (outcome) => {
  const note = `${outcome} from web.yaml:7 (document 2) at 0123456`;
  expect(told({ ...inGit(web), outcome })).toEqual([{ reason: 'SyncApplied', action: 'Sync', type: 'Normal', note }]);
});

test('what went well with other objects, and what stayed as it was, is not told', () => {
  expect(told({ ...inGit('shop:configmap/a'), outcome: 'created' })).toEqual([]);
  expect(told({ ...inGit(web), outcome: 'unchanged' })).toEqual([]);
  expect(told({ ...inGit(web), outcome: 'skipped', reason: 'fluxcd.io/ignore: true in Git' })).toEqual([]);
  expect(told({ ...inGit(web), outcome: 'held', reason: 'it cannot be looked at' })).toEqual([]);
});

test('an object that failed is told with the reason, without secrets; the trouble of the server is not its own', () => {
  const error = new FluxError('denied by https://user:geheim@hook.example', { code: 'cluster/denied' });
  const note = 'denied by https://user:***@hook.example';
  expect(told({ ...inGit('shop:configmap/a'), outcome: 'failed', error })).toEqual([
    { reason: 'SyncFailed', action: 'Sync', type: 'Warning', note },
  ]);
  const down = new FluxError('API server https://10.0.0.1: connect ECONNREFUSED', { code: 'cluster/unreachable' });
  expect(told({ ...inGit(web), outcome: 'failed', error: down })).toEqual([]);
});

test('drift, held deletions and deletions', () => {
  const drift: Change = {
    ...inGit('shop:configmap/a'),
    outcome: 'configured',
    drift: true,
    reason: 'changed by kubectl-edit: data.a',
  };
  expect(told(drift)).toMatchObject([
    { reason: 'DriftCorrected', type: 'Normal', note: 'corrected: changed by kubectl-edit: data.a' },
  ]);
  expect(told({ id: 'shop:configmap/a', inGit: false, outcome: 'held', uid: 'u', reason: 'too many' })).toMatchObject([
    { reason: 'DeletionHeld', type: 'Warning', note: 'removed from Git, but not deleted: too many' },
  ]);
  expect(told({ id: 'shop:configmap/a', inGit: false, outcome: 'deleted', uid: 'u', reason: 'no longer in Git' })).toMatchObject([
    { reason: 'GarbageCollected', type: 'Normal' },
  ]);
});

describe('an image that was updated', () => {
  const PerContainer = [{ Container: 'web', Current: 'acme/web:1', Target: 'acme/web:2' }];

  test('by automation', () => {
    const event = autorelease({ [web]: { Status: 'success', PerContainer } });
    expect(told({ ...inGit(web), outcome: 'configured' }, event)).toMatchObject([
      { reason: 'SyncApplied' },
      { reason: 'ImageUpdated', type: 'Normal', note: 'web: acme/web:1 → acme/web:2 (by automation, commit abcdef0)' },
    ]);
  });

  test('by a release, of whom', () => {
    const event: FluxEvent = {
      type: 'release',
      objects: [web],
      startedAt: 0,
      endedAt: 0,
      metadata: {
        Revision: 'abcdef0123',
        result: { [web]: { Status: 'success', PerContainer } },
        spec: { Type: 'releaseImageSpecType', ReleaseImageSpec: {}, ReleaseContainersSpec: null },
        cause: { Message: '', User: 'Ann <ann@example.org>' },
      },
    };
    expect(told({ ...inGit(web), outcome: 'unchanged' }, event)).toMatchObject([
      { reason: 'ImageUpdated', note: 'web: acme/web:1 → acme/web:2 (by a release of Ann <ann@example.org>, commit abcdef0)' },
    ]);
  });

  test('elsewhere, or not at all', () => {
    const elsewhere = autorelease({ 'shop:deployment/other': { Status: 'success', PerContainer } });
    expect(told({ ...inGit(web), outcome: 'unchanged' }, elsewhere)).toEqual([]);
    for (const result of [
      { Status: 'failed', PerContainer },
      { Status: 'success', PerContainer: null },
    ])
      expect(told({ ...inGit(web), outcome: 'unchanged' }, autorelease({ [web]: result }))).toEqual([]);
  });
});

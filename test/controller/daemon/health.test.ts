import { beforeEach, describe, expect, test } from 'vitest';
import type { HealthState, ObjectHealth, Outcome } from '../../../src/change/index.ts';
import { createHealth, type Health } from '../../../src/controller/daemon/health.ts';
import type { SyncOutcome } from '../../../src/controller/sync/sync-outcome.ts';
import { changeOf } from '../../support/changes.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { until } from '../../support/until.ts';

const WEB = 'shop:deployment/web';

function outcome(revision: string, changes: Readonly<Record<string, Outcome>>): SyncOutcome {
  return outcomeOf({ revision, changes: Object.entries(changes).map(([id, each]) => changeOf(id, each)) });
}

/** A sync that created a workload, and left an object that waits for its health, or for something else. */
function outcomeWithWaiting(forHealth: boolean): SyncOutcome {
  const place = { file: 'a.yaml', document: 1, line: 1 };
  const waitsFor = { path: 'db', forHealth };
  return outcomeOf({
    revision: 'r-1',
    changes: [changeOf(WEB, 'created'), { id: 'app', inGit: true, place, outcome: 'held', reason: 'waits for db', waitsFor }],
  });
}

describe('the health of what is applied', () => {
  let clock: ManualClock;
  let health: Health;
  /** Watches of the cluster, oldest first. */
  let watches: { readonly ids: readonly string[]; closed: boolean; change(state: HealthState): void }[];

  beforeEach(() => {
    clock = new ManualClock();
    watches = [];
    health = createHealth({
      clock,
      cluster: {
        watchHealth(changes, onChange) {
          let state: HealthState = 'inProgress';
          const watch = {
            ids: changes.map(({ id }) => id),
            closed: false,
            change(next: HealthState) {
              state = next;
              onChange();
            },
          };
          watches.push(watch);
          return {
            states: () => changes.map(({ id }) => ({ id, state, message: `it is ${state}` })),
            settled: () => state === 'current' || state === 'failed',
            close: () => {
              watch.closed = true;
            },
          };
        },
      },
    });
  });

  test('is unknown before the first sync', async () => {
    await expect(health.report({ waitMs: 0 })).rejects.toMatchObject({ code: 'health/no-sync', fault: 'missing' });
  });

  test('is that of what was applied or is as it was, and of nothing else', async () => {
    health.synced(
      outcome('r-1', { a: 'created', b: 'configured', c: 'unchanged', d: 'skipped', e: 'held', f: 'failed', g: 'deleted' }),
    );
    expect(watches).toEqual([]);
    const report = await health.report({ waitMs: 0 });
    expect(watches[0]?.ids).toEqual(['a', 'b', 'c']);
    expect(report).toEqual({
      revision: 'r-1',
      settled: false,
      counts: { inProgress: 3 },
      objects: ['a', 'b', 'c'].map((id) => ({ id, state: 'inProgress', message: 'it is inProgress' })),
    });
  });

  test('is told as soon as it is settled', async () => {
    health.synced(outcome('r-1', { [WEB]: 'created' }));
    const answer = health.report({ waitMs: 60_000 });
    watches[0]?.change('inProgress');
    watches[0]?.change('current');
    expect(await answer).toEqual({ revision: 'r-1', settled: true, counts: { current: 1 }, objects: [] });
  });

  test('names what failed', async () => {
    health.synced(outcome('r-1', { [WEB]: 'created' }));
    const answer = health.report({ waitMs: 60_000 });
    watches[0]?.change('failed');
    expect(await answer).toMatchObject({ settled: true, objects: [{ id: WEB, state: 'failed', message: 'it is failed' }] });
  });

  test('what waits for the health of others is in progress until a sync has applied it', async () => {
    health.synced(outcomeWithWaiting(true));
    const first = health.report({ waitMs: 5_000 });
    watches[0]?.change('current');
    clock.advance(5_000);
    expect(await first).toEqual({
      ...{ revision: 'r-1', settled: false, counts: { current: 1, inProgress: 1 } },
      objects: [{ id: 'app', state: 'inProgress', message: 'waits for db' }],
    });
    const second = health.report({ waitMs: 60_000 });
    health.synced(outcome('r-1', { [WEB]: 'unchanged', app: 'created' }));
    await until('it is watched', () => watches.length === 2);
    watches[1]?.change('current');
    expect(await second).toEqual({ revision: 'r-1', settled: true, counts: { current: 2 }, objects: [] });
  });

  test('what waits for one that failed has failed, too', async () => {
    health.synced(outcomeWithWaiting(true));
    const answer = health.report({ waitMs: 60_000 });
    watches[0]?.change('failed');
    expect(await answer).toMatchObject({ settled: true, counts: { failed: 2 } });
  });

  test('what waits for something else than health is not followed', async () => {
    health.synced(outcomeWithWaiting(false));
    const answer = health.report({ waitMs: 60_000 });
    watches[0]?.change('current');
    expect(await answer).toMatchObject({ settled: true, counts: { current: 1 }, objects: [] });
  });

  test('is told when the time is over', async () => {
    health.synced(outcome('r-1', { [WEB]: 'created' }));
    const answer = health.report({ waitMs: 5_000 });
    clock.advance(5_000);
    expect(await answer).toMatchObject({ settled: false, counts: { inProgress: 1 } });
  });

  test('one watch serves all who wait, and those who ask again', async () => {
    health.synced(outcome('r-1', { [WEB]: 'created' }));
    const answers = [health.report({ waitMs: 5_000 }), health.report({ waitMs: 5_000 })];
    clock.advance(5_000);
    await Promise.all(answers);
    const again = health.report({ waitMs: 60_000 });
    clock.advance(59_000);
    watches[0]?.change('current');
    expect(await again).toMatchObject({ settled: true });
    expect(watches).toHaveLength(1);
    expect(watches[0]?.closed).toBe(false);
  });

  test('is watched for half a minute after the last question, and again from the next', async () => {
    health.synced(outcome('r-1', { [WEB]: 'created' }));
    await health.report({ waitMs: 0 });
    clock.advance(29_999);
    expect(watches[0]?.closed).toBe(false);
    clock.advance(1);
    await until('the watch is closed', () => watches[0]?.closed === true);
    await health.report({ waitMs: 0 });
    expect(watches.map(({ closed }) => closed)).toEqual([true, false]);
  });

  test('whoever waits while the next sync ends waits for its objects', async () => {
    health.synced(outcome('r-1', { [WEB]: 'created' }));
    const answer = health.report({ waitMs: 60_000 });
    health.synced(outcome('r-2', { [WEB]: 'configured', other: 'created' }));
    await until('the new objects are watched', () => watches.length === 2);
    expect(watches[0]?.closed).toBe(true);
    watches[1]?.change('current');
    expect(await answer).toEqual({ revision: 'r-2', settled: true, counts: { current: 2 }, objects: [] });
  });

  test('what a sync did not change is as it was until it is read again, and what it changed is not known', async () => {
    const unread = { state: 'inProgress', message: 'not checked yet', unread: true } as const;
    const failed = { state: 'failed', message: 'pods crash' } as const;
    const states = new Map<string, Omit<ObjectHealth, 'id'>>();
    health = createHealth({
      clock,
      cluster: {
        watchHealth(changes) {
          states.clear();
          const of = () => changes.map(({ id }) => ({ id, ...(states.get(id) ?? unread) }));
          return { states: of, settled: () => of().every(({ state }) => state !== 'inProgress'), close: () => {} };
        },
      },
    });
    const report = () => health.report({ waitMs: 0 });
    health.synced(outcome('r-1', { [WEB]: 'created', api: 'created', new: 'created' }));
    await report();
    for (const id of [WEB, 'api']) states.set(id, failed);

    // A second sync comes before the first look that follows the first one.
    for (const revision of ['r-2', 'r-3']) {
      health.synced(
        outcome(revision, { [WEB]: 'unchanged', api: revision === 'r-2' ? 'configured' : 'unchanged', new: 'unchanged' }),
      );
      expect(await report()).toEqual({
        ...{ revision, settled: false, counts: { failed: 1, inProgress: 2 } },
        objects: [
          { id: WEB, ...failed },
          { id: 'api', ...unread },
          { id: 'new', ...unread },
        ],
      });
    }
    for (const id of [WEB, 'api', 'new']) states.set(id, { state: 'current', message: '' });
    expect(await report()).toMatchObject({ settled: true, counts: { current: 3 } });
  });

  test('nobody waits for a client that went away', async () => {
    health.synced(outcome('r-1', { [WEB]: 'created' }));
    const gone = new AbortController();
    const answer = health.report({ waitMs: 60_000, signal: gone.signal });
    gone.abort();
    expect(await answer).toMatchObject({ settled: false });
  });

  test('stopping ends every wait and every watch', async () => {
    health.synced(outcome('r-1', { [WEB]: 'created' }));
    const answer = health.report({ waitMs: 60_000 });
    health.close();
    await expect(answer).rejects.toMatchObject({ code: 'health/no-sync' });
    expect(watches.map(({ closed }) => closed)).toEqual([true]);
  });
});

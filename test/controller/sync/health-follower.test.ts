import { beforeEach, describe, expect, test } from 'vitest';
import { FluxError, silentLogger } from '../../../src/base/index.ts';
import type { Change, HealthState, Outcome } from '../../../src/change/index.ts';

import { createHealthFollower, type HealthFollower } from '../../../src/controller/sync/health-follower.ts';
import type { SyncOutcome } from '../../../src/controller/sync/sync-outcome.ts';
import { createSyncRecorder } from '../../../src/controller/sync/sync-recorder.ts';
import { createSyncRecord, formatSyncRecord, parseSyncRecord, type RecordedHealth } from '../../../src/record/index.ts';
import type { DesiredState, Manifest } from '../../../src/resource/index.ts';
import { changeOf } from '../../support/changes.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { until } from '../../support/until.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const WEB = 'shop:deployment/web';
const API = 'shop:deployment/api';
const MINUTE = 60_000;

function deployment(id: string, image: string): Manifest {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'shop', name: id },
    spec: { template: { spec: { containers: [{ name: 'main', image }] } } },
  };
  return { object, checksum: `${id} ${image}`, place: { file: 'a.yaml', document: 1, line: 1 } };
}

const workloads = new Map([WEB, API].map((id) => [id, deployment(id, `acme/${id.slice(-3)}:1`)]));

describe('following the health of what syncs changed', () => {
  let clock: ManualClock;
  let records: Map<string, string>;
  let pushes: number;
  let trouble: FluxError | undefined;
  let settled: { readonly revision: string; readonly id: string; readonly health: RecordedHealth }[];
  let asked: number;
  /** Manifests of earlier revisions. */
  let earlier: Record<string, readonly Manifest[]>;
  /** Reading a record waits for it. */
  let reading: Promise<void> | undefined;
  /** Watches that are open, with what they watch. */
  let watches: Set<{ readonly ids: readonly string[]; readonly changed: () => void }>;
  let states: Record<string, HealthState>;
  let follower: HealthFollower;

  beforeEach(() => {
    clock = new ManualClock();
    records = new Map();
    pushes = 0;
    trouble = undefined;
    settled = [];
    asked = 0;
    earlier = { [A]: [...workloads.values()] };
    reading = undefined;
    watches = new Set();
    states = {};
    follower = create();
  });

  function create(): HealthFollower {
    const source = {
      marker: async () => undefined,
      async syncRecord(revision: string) {
        await reading;
        return records.get(revision);
      },
      recordSync: async () => undefined,
      async amendRecord(revision: string, change: (recorded: string | undefined) => string | undefined) {
        const next = change(records.get(revision));
        if (next === undefined) return;
        pushes += 1;
        if (trouble) throw trouble;
        records.set(revision, next);
      },
    };
    return createHealthFollower({
      cluster: {
        watchHealth(changes, changed) {
          const watch = { ids: changes.map(({ id }) => id), changed };
          watches.add(watch);
          return {
            states: () => watch.ids.map((id) => ({ id, state: states[id] ?? 'inProgress', message: `it is ${states[id]}` })),
            settled: () => false,
            close: () => void watches.delete(watch),
          };
        },
      },
      source,
      reader: {
        readAside: async (revision): Promise<DesiredState> => ({ manifests: earlier[revision] ?? [], errors: [], warnings: [] }),
      },
      recorder: createSyncRecorder(source, 'fluxd/1', clock),
      history: {
        healthKnown(revision, health) {
          for (const [id, each] of Object.entries(health)) settled.push({ revision, id, health: each });
        },
      },
      deadlineMs: 10 * MINUTE,
      provenMs: 0,
      askToRecord: () => {
        asked += 1;
      },
      clock,
      log: silentLogger(),
    });
  }

  function recorded(revision: string, changes: Readonly<Record<string, string>>): void {
    const record = createSyncRecord({
      daemon: 'fluxd/1',
      revision,
      startedAt: 0,
      durationMs: 1,
      counts: {},
      changes: Object.entries(changes).map(([id, outcome]) => ({ id, outcome })),
      imageUpdates: [],
    });
    records.set(revision, formatSyncRecord(record));
  }

  function outcome(revision: string, changes: Readonly<Record<string, Outcome>>, more: Partial<Change> = {}): SyncOutcome {
    const all = Object.entries(changes).map(([id, each]) => ({ ...changeOf(id, each), ...more }) as Change);
    return outcomeOf({ revision, changes: all, workloads });
  }

  /** The sync ends, and its record is pushed. */
  async function sync(revision: string, changes: Readonly<Record<string, Outcome>>, previous?: string): Promise<void> {
    await follower.synced({ ...outcome(revision, changes), ...(previous === undefined ? {} : { previous }) });
    if (!records.has(revision)) recorded(revision, changes);
  }

  const healthIn = (revision: string) => parseSyncRecord(records.get(revision) ?? '')?.health;
  const watched = () => [...watches].map(({ ids }) => ids.join());

  async function become(next: Record<string, HealthState>): Promise<void> {
    Object.assign(states, next);
    for (const { changed } of watches) changed();
    const before = asked;
    const isOver = Object.values(next).every((state) => state === 'current' || state === 'failed');
    for (let n = 0; n < 5; n += 1) {
      await new Promise(setImmediate);
      clock.advance(200);
    }
    if (isOver) await until('it is to be recorded', () => asked > before || watches.size > 0);
  }

  test('records it with the images, by one push, when the last is known', async () => {
    await sync(A, { [WEB]: 'created', [API]: 'configured', 'shop:configmap/map': 'created' });
    expect(watched()).toEqual([`${WEB},${API}`]);
    await become({ [WEB]: 'current' });
    await follower.record({});
    expect([pushes, asked]).toEqual([0, 0]);
    await become({ [API]: 'failed' });
    expect([watched(), asked]).toEqual([[], 1]);
    await follower.record({});
    await follower.record({});
    expect(pushes).toBe(1);
    expect(healthIn(A)).toEqual({
      [API]: { state: 'failed', images: { main: 'acme/api:1' }, reason: 'it is failed' },
      [WEB]: { state: 'healthy', images: { main: 'acme/web:1' } },
    });
    expect(settled.map(({ revision, id, health: { state } }) => [revision, id, state])).toEqual([
      [A, WEB, 'healthy'],
      [A, API, 'failed'],
    ]);
  });

  test.each<[string, SyncOutcome]>([
    ['changed no workload', outcomeOf({ revision: A, changes: [changeOf('shop:configmap/map', 'created')], workloads })],
    ['changed nothing', outcomeOf({ revision: A, changes: [changeOf(WEB, 'unchanged')], workloads })],
    ['failed to change it', outcomeOf({ revision: A, changes: [changeOf(WEB, 'failed')], workloads })],
    [
      'corrected drift',
      outcomeOf({ revision: A, changes: [{ ...changeOf(WEB, 'configured'), drift: true } as Change], workloads }),
    ],
  ])('a sync that %s is not followed, and pushes nothing', async (_name, each) => {
    await follower.synced(each);
    clock.advance(20 * MINUTE);
    await follower.record({});
    expect([watched(), asked, pushes]).toEqual([[], 0, 0]);
  });

  test('gives up at the deadline', async () => {
    await sync(A, { [WEB]: 'created' });
    await new Promise(setImmediate);
    clock.advance(10 * MINUTE);
    await become({});
    await until('it is to be recorded', () => asked > 0);
    await follower.record({});
    expect(healthIn(A)).toMatchObject({ [WEB]: { state: 'unknown', reason: 'not healthy in time: it is undefined' } });
    expect(watched()).toEqual([]);
  });

  test('after a restart it follows what the last record does not know, and keeps what it does', async () => {
    await sync(A, { [WEB]: 'created', [API]: 'created' });
    await become({ [WEB]: 'current' });
    follower.close();
    expect(watched()).toEqual([]);
    const healthy = { state: 'healthy', images: { main: 'acme/web:1' } } as const;
    const known = { ...JSON.parse(records.get(A) ?? ''), health: { [WEB]: healthy } };
    records.set(A, JSON.stringify(known));
    follower = create();
    await sync(A, { [WEB]: 'unchanged', [API]: 'unchanged' }, A);
    expect(watched()).toEqual([API]);
    await become({ [API]: 'current' });
    await follower.record({});
    expect(Object.keys(healthIn(A) ?? {})).toEqual([API, WEB]);
    await sync(A, { [WEB]: 'unchanged', [API]: 'unchanged' }, A);
    expect([watched(), pushes]).toEqual([[], 1]);
  });

  test('after a restart at another revision, each is recorded where it was changed', async () => {
    recorded(A, { [WEB]: 'created', [API]: 'created' });
    await sync(B, { [WEB]: 'configured', [API]: 'unchanged' }, A);
    await become({ [WEB]: 'current', [API]: 'current' });
    await follower.record({});
    expect(healthIn(A)).toMatchObject({ [API]: { state: 'healthy' }, [WEB]: { state: 'unknown' } });
    expect(healthIn(B)).toEqual({ [WEB]: { state: 'healthy', images: { main: 'acme/web:1' } } });
  });

  test('after a restart, what is different by now is not recorded where it was changed', async () => {
    recorded(A, { [WEB]: 'created', [API]: 'created' });
    earlier[A] = [deployment(WEB, 'acme/web:0'), deployment(API, 'acme/api:1')];
    // The later revision was applied by the earlier process already.
    await sync(B, { [WEB]: 'unchanged', [API]: 'unchanged' }, A);
    expect(watched()).toEqual([API]);
    await become({ [WEB]: 'current', [API]: 'current' });
    await follower.record({});
    expect(healthIn(A)).toEqual({ [API]: { state: 'healthy', images: { main: 'acme/api:1' } } });
  });

  test('a retry is requested by the next sync, and not by what changes meanwhile', async () => {
    await sync(A, { [WEB]: 'created' });
    await become({ [WEB]: 'current' });
    trouble = new FluxError('no answer', { code: 'git/unreachable' });
    await expect(follower.record({})).rejects.toBe(trouble);
    expect(asked).toBe(1);
    await sync(B, { [API]: 'created' });
    expect(asked).toBe(2);
    for (let n = 0; n < 3; n += 1) await become({ [API]: 'inProgress' });
    expect(asked).toBe(2);
    await become({ [API]: 'current' });
    expect(asked).toBe(3);
  });

  test('follows nothing when another daemon leads before the last record is read', async () => {
    recorded(A, { [WEB]: 'created' });
    const gate = Promise.withResolvers<void>();
    reading = gate.promise;
    const synced = sync(B, { [API]: 'created' }, A);
    follower.close();
    gate.resolve();
    await synced;
    expect(watched()).toEqual([]);
  });

  test.each<[string, FluxError, 'retried' | 'dropped']>([
    ['cannot be reached', new FluxError('no answer', { code: 'git/unreachable' }), 'retried'],
    ['refuses it', new FluxError('protected', { code: 'git/push-failed' }), 'dropped'],
    ['has no such revision any more', new FluxError('gone', { code: 'git/revision-removed', fault: 'user' }), 'dropped'],
  ])('while Git %s, it is %s', async (_name, error, fate) => {
    await sync(A, { [WEB]: 'created' });
    await become({ [WEB]: 'current' });
    trouble = error;
    const attempt = follower.record({});
    if (fate === 'retried') await expect(attempt).rejects.toBe(error);
    else await attempt;
    trouble = undefined;
    await follower.record({});
    expect([pushes, healthIn(A) !== undefined]).toEqual(fate === 'retried' ? [2, true] : [1, false]);
  });

  test('waits for the record of the sync', async () => {
    await follower.synced(outcome(A, { [WEB]: 'created' }));
    await become({ [WEB]: 'current' });
    await follower.record({});
    expect(pushes).toBe(0);
    recorded(A, { [WEB]: 'created' });
    await follower.record({});
    expect(Object.keys(healthIn(A) ?? {})).toEqual([WEB]);
  });

  test('forgets everything when another daemon leads', async () => {
    await sync(A, { [WEB]: 'created' });
    await become({ [WEB]: 'current' });
    follower.close();
    await follower.record({});
    expect([pushes, watched()]).toEqual([0, []]);
  });
});

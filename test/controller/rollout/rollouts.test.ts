import { beforeEach, describe, expect, test } from 'vitest';
import { FluxError, silentLogger } from '../../../src/base/index.ts';
import { RevertBudget } from '../../../src/controller/rollout/revert-budget.ts';
import { createRollouts, type Rollouts } from '../../../src/controller/rollout/rollouts.ts';
import { createSyncRecord, formatSyncRecord, withHealth } from '../../../src/record/index.ts';
import type { Commit } from '../../../src/repository/index.ts';
import type { ClusterWorkload, Manifest, PodState } from '../../../src/resource/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { newCommits, outcomeOf } from '../../support/outcome.ts';
import { partOf } from '../../support/part-of.ts';
import { until } from '../../support/until.ts';

const ID = 'shop:deployment/cart';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const MINUTE = 60_000;
const NONE = { desired: 1, updated: 1, ready: 0, available: 0, outdated: 0, messages: [] };

let clock: ManualClock;
let live: ClusterWorkload;
let pods: readonly PodState[];
let history: readonly Commit[];
let notes: Record<string, string>;
let records: readonly string[];
let budget: RevertBudget;
let calls: number;
let readable: boolean;

beforeEach(() => {
  clock = new ManualClock();
  live = {
    id: ID,
    containers: [{ name: 'cart', image: 'acme/cart:2' }],
    status: 'updating',
    rollout: NONE,
    labels: {},
    annotations: {},
  };
  pods = [
    {
      name: 'cart-1',
      node: 'n1',
      phase: 'Running',
      ready: false,
      ending: false,
      containers: [
        {
          name: 'cart',
          image: 'acme/cart:2',
          imageId: `docker.io/acme/cart@${DIGEST}`,
          ready: false,
          restarts: 1,
          now: { state: 'waiting', reason: 'CrashLoopBackOff', message: '' },
          last: { reason: 'Error', exitCode: 3, message: 'secret' },
        },
      ],
    },
  ];
  history = [];
  notes = {};
  records = [];
  budget = new RevertBudget();
  calls = 0;
  readable = true;
});

function start(options: { readonly withMessages?: boolean; readonly byDefault?: boolean } = {}): Rollouts {
  return createRollouts({
    source: {
      commits: async () => {
        if (readable) return history;
        throw new FluxError('git is killed', { code: 'git/command-failed' });
      },
      notes: async () => new Map(Object.entries(notes)),
      syncRecords: async () => records.map((text) => ({ revision: 'update', text })),
    },
    cluster: partOf({ workloads: async () => [live], pods: async () => pods }),
    budget,
    byDefault: true,
    deadlineMs: 10 * MINUTE,
    provenMs: MINUTE,
    withMessages: false,
    onFailure: () => {
      calls += 1;
    },
    clock,
    log: silentLogger(),
    ...options,
  });
}

function commitOf(revision: string, part: Partial<Commit> = {}): Commit {
  return { revision, subject: '', author: { name: '', email: '' }, committedAt: clock.now(), trailers: [], ours: true, ...part };
}

function note(part: object = {}, extra: object = {}): string {
  const change = {
    WorkloadID: ID,
    Container: { Name: 'cart', Image: 'acme/cart:1' },
    ImageID: 'acme/cart:2',
    WasReady: true,
    ...part,
  };
  const spec = { type: 'auto', cause: { Message: '', User: '' }, spec: { Changes: [change], ...extra } };
  return JSON.stringify({ jobID: '1', spec, result: {} });
}

function workloads(image = 'acme/cart:2', annotations: Readonly<Record<string, string>> = { 'fluxcd.io/automated': 'true' }) {
  const manifest: Manifest = {
    place: { file: 'cart.yaml', document: 1, line: 1 },
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'shop', name: 'cart', annotations },
      spec: { template: { spec: { containers: [{ name: 'cart', image }] } } },
    },
    checksum: '',
  };
  return new Map([[ID, manifest]]);
}

/** A sync of the update, with what Git wants. */
function synced(rollouts: Rollouts, wanted = workloads(), text = note()): Promise<void> {
  return rollouts.synced(outcomeOf({ newCommits: newCommits([commitOf('update')], { update: text }), workloads: wanted }));
}

async function pass(ms: number): Promise<void> {
  await until('it sleeps', async () => clock.sleeping > 0);
  clock.advance(ms);
  await until('it has looked', async () => clock.sleeping > 0);
}

describe('an update by automation', () => {
  test('is to be reverted when its new pods fail until the deadline', async () => {
    const rollouts = start();
    await synced(rollouts);
    await pass(5_000);
    expect(rollouts.due()).toBeUndefined();
    await pass(10 * MINUTE);
    expect(calls).toBe(1);
    await pass(30_000);
    await pass(30_000);
    // What fails is retried by the loop.
    expect(calls).toBe(1);
    expect(rollouts.due()?.spec).toEqual({
      Changes: [{ WorkloadID: ID, Container: { Name: 'cart', Image: 'acme/cart:2' }, ImageID: 'acme/cart:1', Digest: DIGEST }],
      Revert: {
        Commit: 'update',
        Reasons: { [ID]: 'container cart: CrashLoopBackOff, exit code 3 (pod cart-1)' },
      },
    });
    const due = rollouts.due();
    if (due) rollouts.reverted(due, 'revert', () => true);
    expect(rollouts.due()).toBeUndefined();
    rollouts.close();
  });

  test('is reverted with the termination message only where that is wanted', async () => {
    const rollouts = start({ withMessages: true });
    await synced(rollouts);
    await pass(10 * MINUTE);
    await pass(10 * MINUTE);
    expect(rollouts.due()?.spec.Revert.Reasons[ID]).toBe('container cart: CrashLoopBackOff, exit code 3 (pod cart-1): "secret"');
    rollouts.close();
  });

  test('is not followed any more once it is healthy', async () => {
    const rollouts = start();
    live = { ...live, status: 'ready' };
    await synced(rollouts);
    await until('it has looked', async () => clock.sleeping > 0);
    clock.advance(MINUTE);
    await until('it is done', async () => rollouts.trials().length === 0);
    live = { ...live, status: 'error' };
    expect(rollouts.due()).toBeUndefined();
  });

  test.each<[what: string, wanted: ReturnType<typeof workloads>, text: string, ours: boolean]>([
    ['of a workload that was not ready before', workloads(), note({ WasReady: false }), true],
    ['of a workload that Git has another image for by now', workloads('acme/cart:3'), note(), true],
    [
      'of a workload that turns reverts off',
      workloads('acme/cart:2', { 'fluxcd.io/automated': 'true', 'fluxcd.io/revert-on-failure': 'false' }),
      note(),
      true,
    ],
    ['of a workload that is not automated', workloads('acme/cart:2', {}), note(), true],
    ['that a person committed', workloads(), note(), false],
    ['that is a revert itself', workloads(), note({}, { Revert: { Commit: 'x', Reasons: {} } }), true],
    ['whose note cannot be read', workloads(), '{"jobID":"1","spec":{"type":"auto","spec":7},"result":{}}', true],
  ])('%s is not followed', async (_what, wanted, text, ours) => {
    const rollouts = start();
    const commits = newCommits([commitOf('update', { ours })], { update: text });
    await rollouts.synced(outcomeOf({ newCommits: commits, workloads: wanted }));
    expect(rollouts.trials()).toEqual([]);
  });

  test('without the flag, the annotation turns reverts on', async () => {
    const annotations = { 'fluxcd.io/automated': 'true', 'fluxcd.io/revert-on-failure': 'true' };
    const rollouts = start({ byDefault: false });
    await synced(rollouts);
    expect(rollouts.trials()).toEqual([]);
    await synced(rollouts, workloads('acme/cart:2', annotations));
    expect(rollouts.trials()).toHaveLength(1);
    rollouts.close();
  });

  test('is dropped when a person changes the image', async () => {
    const rollouts = start();
    await synced(rollouts);
    await pass(10 * MINUTE);
    await pass(10 * MINUTE);
    expect(rollouts.due()).toBeDefined();
    await rollouts.synced(outcomeOf({ workloads: workloads('acme/cart:1') }));
    expect([rollouts.due(), rollouts.trials()]).toEqual([undefined, []]);
    rollouts.close();
  });

  test('that was declined is judged again later', async () => {
    const rollouts = start();
    await synced(rollouts);
    await pass(10 * MINUTE);
    await pass(10 * MINUTE);
    const due = rollouts.due();
    if (due) rollouts.declined(due.trials, 'locked');
    expect(rollouts.due()).toBeUndefined();
    await pass(MINUTE);
    expect(rollouts.due()).toBeDefined();
    rollouts.close();
  });
});

describe('while the sync tag is blocked, each sync finds the same commits', () => {
  test('and the time of a trial goes on', async () => {
    const rollouts = start();
    await synced(rollouts);
    for (let minute = 0; minute < 12; minute += 1) {
      await pass(MINUTE);
      await synced(rollouts);
    }
    expect(rollouts.due()).toBeDefined();
    rollouts.close();
  });

  test('and a trial that is over does not begin again', async () => {
    const rollouts = start();
    await synced(rollouts);
    rollouts.end(rollouts.trials());
    await synced(rollouts);
    expect(rollouts.trials()).toEqual([]);
  });

  test('and a revert of some workloads leaves the others to be judged again', async () => {
    const rollouts = start();
    await synced(rollouts);
    await pass(10 * MINUTE);
    await pass(10 * MINUTE);
    const due = rollouts.due();
    if (due) rollouts.reverted(due, 'revert', () => false);
    expect(rollouts.trials()).toHaveLength(1);
    rollouts.close();
  });
});

test('a revert that waited for the hour to be over is asked for when it is', async () => {
  for (const revision of ['a', 'b', 'c']) budget.spend(revision, clock.now());
  const rollouts = start();
  await synced(rollouts);
  await pass(10 * MINUTE);
  await pass(10 * MINUTE);
  expect(calls).toBe(0);
  await pass(50 * MINUTE);
  expect(calls).toBe(1);
  rollouts.close();
});

describe('a restarted daemon', () => {
  test('follows the updates of before, until they are too old', async () => {
    history = [commitOf('update')];
    notes = { update: note() };
    const rollouts = start();
    await rollouts.synced(outcomeOf({ workloads: workloads() }));
    expect(rollouts.trials()).toMatchObject([{ commit: 'update' }]);
    rollouts.close();
    history = [commitOf('update', { committedAt: clock.now() - 25 * 3_600_000 })];
    const later = start();
    await later.synced(outcomeOf({ workloads: workloads() }));
    expect(later.trials()).toEqual([]);
  });

  test('reads Git again at the next sync when it could not be read', async () => {
    history = [commitOf('update')];
    notes = { update: note() };
    const wanted = workloads();
    const rollouts = start();
    readable = false;
    await rollouts.synced(outcomeOf({ workloads: wanted }));
    expect(rollouts.trials()).toEqual([]);
    readable = true;
    await rollouts.synced(outcomeOf({ workloads: wanted }));
    expect(rollouts.trials()).toHaveLength(1);
    rollouts.close();
  });

  test.each([
    ['healthy', []],
    ['failed', ['update']],
    ['unknown', ['update']],
  ] as const)('knows from its record that a workload became %s', async (state, followed) => {
    history = [commitOf('update')];
    notes = { update: note() };
    const record = createSyncRecord({
      daemon: 'fluxd/1',
      revision: 'update',
      startedAt: 0,
      durationMs: 1,
      counts: {},
      changes: [],
      imageUpdates: [],
    });
    records = ['nonsense', formatSyncRecord(withHealth(record, { [ID]: { state, images: { cart: 'acme/cart:2' } } }))];
    const rollouts = start();
    await rollouts.synced(outcomeOf({ workloads: workloads() }));
    expect(rollouts.trials().map(({ commit }) => commit)).toEqual(followed);
    rollouts.close();
  });

  test('knows the reverts of the last hour', async () => {
    const revert = note({}, { Revert: { Commit: 'x', Reasons: {} } });
    history = ['a', 'b', 'c'].map((revision, index) => commitOf(revision, { committedAt: clock.now() - index * 10 * MINUTE }));
    notes = { a: revert, b: revert, c: revert };
    const rollouts = start();
    await synced(rollouts);
    expect(budget.exhaustedUntil(clock.now())).toBe(clock.now() + 40 * MINUTE);
    await pass(10 * MINUTE);
    await pass(MINUTE);
    expect([rollouts.due(), rollouts.revertHeldUntil(ID)]).toEqual([undefined, expect.any(Number)]);
    await pass(40 * MINUTE);
    expect([rollouts.due()?.spec.Revert.Commit, rollouts.revertHeldUntil(ID)]).toEqual(['update', undefined]);
    rollouts.close();
  });

  test('that lost the lease knows nothing any more', async () => {
    const rollouts = start();
    await synced(rollouts);
    rollouts.forget();
    expect(rollouts.trials()).toEqual([]);
    await synced(rollouts);
    await pass(10 * MINUTE);
    await pass(10 * MINUTE);
    expect(rollouts.due()).toBeDefined();
    rollouts.close();
  });
});

test('three reverts within an hour are allowed, counted once each', () => {
  const three = new RevertBudget();
  for (const revision of ['a', 'a', 'b']) three.spend(revision, 0);
  expect(three.exhaustedUntil(1)).toBeUndefined();
  three.spend('c', MINUTE);
  expect(three.exhaustedUntil(2 * MINUTE)).toBe(60 * MINUTE);
  expect(three.exhaustedUntil(60 * MINUTE)).toBeUndefined();
});

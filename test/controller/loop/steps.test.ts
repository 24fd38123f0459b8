import { beforeEach, describe, expect, test } from 'vitest';
import { type Cancellable, createMetrics, FluxError, silentLogger } from '../../../src/base/index.ts';
import { createHealth } from '../../../src/controller/daemon/health.ts';
import { applyUpdate } from '../../../src/controller/jobs/apply-update.ts';
import { JobQueue } from '../../../src/controller/jobs/jobs.ts';
import type { PendingUpdates } from '../../../src/controller/jobs/pending-updates.ts';
import { Progress } from '../../../src/controller/loop/progress.ts';
import { createSteps, type StepsOptions } from '../../../src/controller/loop/steps.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import type { ImageWatch } from '../../../src/controller/ports/image-watch.ts';
import type { Source } from '../../../src/controller/ports/source.ts';
import { createRepositoryReader } from '../../../src/controller/repository/view.ts';
import type { Rollouts } from '../../../src/controller/rollout/rollouts.ts';
import { Approvals } from '../../../src/controller/sync/approvals.ts';
import { SyncHistory } from '../../../src/controller/sync/history.ts';
import { ObjectStates } from '../../../src/controller/sync/object-states.ts';
import { createSyncRecorder } from '../../../src/controller/sync/sync-recorder.ts';
import { SyncReports } from '../../../src/controller/sync/sync-reports.ts';
import { accept } from '../../../src/git/accept.ts';
import { createManifests } from '../../../src/manifests/index.ts';
import { createNotifier } from '../../../src/notify/index.ts';
import { NO_MIN_AGE } from '../../../src/policy/index.ts';
import { formatJobNote } from '../../../src/record/index.ts';
import type { AcceptedRevision } from '../../../src/repository/index.ts';
import type { Manifest } from '../../../src/resource/index.ts';
import { createGates } from '../../../src/schedule/index.ts';
import type { UpdateSpec } from '../../../src/update/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { partOf } from '../../support/part-of.ts';
import { until } from '../../support/until.ts';

const [FIRST, SECOND] = [accept('1'.repeat(40)), accept('2'.repeat(40))];

function deployment(name: string): Manifest {
  const spec = { template: { spec: { containers: [{ name: 'c', image: 'acme/web:1' }] } } };
  return {
    place: { file: `${name}.yaml`, document: 1, line: 1 },
    object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'shop' }, spec },
    checksum: name,
  };
}

describe('the steps of the loop', () => {
  let applied: string[];
  let refusePush: boolean;
  let recorded: string[];
  let head: AcceptedRevision;
  let manifests: Manifest[];
  let watched: string[];
  let asked: string[];
  let reports: SyncReports;
  let progress: Progress;
  let duringFetch: () => void;
  let duringApply: () => void;
  let options: StepsOptions;

  beforeEach(async () => {
    [applied, recorded, refusePush, head, manifests, watched, asked] = [[], [], false, FIRST, [deployment('web')], [], []];
    reports = new SyncReports();
    progress = new Progress();
    duringFetch = () => {};
    duringApply = () => {};
    const clock = new ManualClock();
    const source = partOf<Source>({
      unverified: () => undefined,
      fetch: async () => {
        duringFetch();
        return head;
      },
      state: () => ({ status: 'ready' }),
      requireWritable: () => undefined,
      keepsRecords: true,
      files: async () => [],
      follows: () => 'main',
      lineage: async () => 'continues',
      marker: async () => undefined,
      markerElsewhere: async () => undefined,
      resolve: async (ref: string) => ref,
      find: async (ref: string) => ref,
      commits: async () => [],
      notes: async () => new Map(),
      syncRecord: async () => undefined,
      recordSync: async ({ revision }: { readonly revision: string }) => {
        recorded.push(revision);
        if (refusePush) throw new FluxError('push refused', { code: 'git/push-failed' });
      },
    });
    const cluster = partOf<Cluster>({
      plan: async () => ({ entries: [] }),
      apply: async () => {
        applied.push(head);
        duringApply();
        return [];
      },
      namesBy: () => progress,
      idOf: ({ kind, metadata }: Manifest['object']) => `${metadata.namespace}:${kind.toLowerCase()}/${metadata.name}`,
    });
    const images = {
      watch(targets: readonly { readonly name: string }[]) {
        watched = targets.map(({ name }) => name);
      },
    };
    const metrics = await createMetrics({ version: 'test' });
    options = {
      source,
      cluster,
      reader: createRepositoryReader(source, { read: async () => ({ manifests, errors: [], warnings: [] }) }, cluster),
      desired: createManifests(),
      recorder: createSyncRecorder(source, 'fluxd/1', new ManualClock()),
      images: partOf<ImageWatch>(images),
      syncSet: 'set',
      garbageCollection: 'off',
      deletionLimit: 25,
      approvals: new Approvals(),
      health: createHealth({ cluster, clock }),
      decisionReport: { decided: async () => undefined, synced: () => undefined, forget: () => undefined },
      healthFollower: { synced: async () => undefined, record: async () => undefined, close: () => undefined },
      timeoutMs: 1000,
      automation: true,
      jobs: new JobQueue(source),
      reports,
      progress,
      objectStates: new ObjectStates(),
      history: new SyncHistory(source),
      daemon: 'fluxd/1',
      notifier: createNotifier({ sinks: [], clock, log: silentLogger() }),
      metrics: { ...metrics, ...metrics.ofSource('default') },
      minAge: NO_MIN_AGE,
      pending: partOf<PendingUpdates>({ gathering: undefined }),
      timing: () => ({ gates: createGates({}), now: 0 }),
      notice: async () => undefined,
      pinning: {},
      rollouts: partOf<Rollouts>({ synced: async () => undefined, due: () => undefined, revertHeldUntil: () => undefined }),
      syncGate: createGates({}).of({}),
      syncAt: () => undefined,
      automateAt: () => undefined,
      onProgress: () => undefined,
      clock,
      log: silentLogger(),
      ask: (...steps) => void asked.push(...steps),
    };
  });

  test('R-041: while Git refuses every record, new commits are applied all the same', async () => {
    refusePush = true;
    const steps = createSteps(options);
    expect(await steps.sync(FIRST, {})).toBe('later');
    head = SECOND;
    expect(await steps.sync(SECOND, {})).toBe('later');
    expect(applied).toEqual([FIRST, SECOND]);
    expect(progress).toMatchObject({ applied: SECOND, failure: undefined });
    refusePush = false;
    await steps.sync(SECOND, {});
    expect(progress.unrecorded).toBeUndefined();
  });

  test('who sees the tag move finds the sync in every answer; who asked for it waits until it is recorded', async () => {
    const seen: unknown[] = [];
    const recorder = {
      ...options.recorder,
      record: async () => {
        const { entries } = await history.page({ limit: 1 });
        const running = reports.get(id).state;
        seen.push(entries[0]?.kind, objectStates.view.revision, progress.applied, progress.ended, running, watched.length);
      },
    };
    const history = new SyncHistory(partOf<Source>({ accepted: () => undefined }));
    const objectStates = new ObjectStates();
    options = { ...options, history, objectStates, recorder };
    const steps = createSteps(options);
    const { id } = reports.ask();
    await steps.fetch({});
    await steps.sync(FIRST, {});
    expect(seen).toEqual(['synced', FIRST, FIRST, undefined, 'running', 1]);
    expect([progress.ended, reports.get(id).state]).toEqual([FIRST, 'done']);
  });

  test('a sync whose commits cannot be read is recorded when they can, with the image updates that came in', async () => {
    let failures = 2;
    const texts: (string | undefined)[] = [];
    const update = { Status: 'success', PerContainer: [{ Container: 'c', Current: 'acme/web:1', Target: 'acme/web:2' }] };
    const source: Source = {
      ...options.source,
      accepted: () => undefined,
      follows: () => 'main',
      lineage: async () => 'continues',
      marker: async () => (texts.length === 0 ? undefined : FIRST),
      markerElsewhere: async () => undefined,
      unverified: () => undefined,
      commits: async () => {
        failures -= 1;
        if (failures >= 0) throw new FluxError('git was killed', { code: 'git/command-failed' });
        return [{ revision: FIRST, subject: '', author: { name: '', email: '' }, trailers: [], committedAt: 0, ours: true }];
      },
      notes: async () => new Map([[FIRST, formatJobNote({ jobId: 'j', spec: {}, result: { 'shop:deployment/web': update } })]]),
      recordSync: async ({ record }) => void texts.push(record),
    };
    const history = new SyncHistory(source);
    const clock = new ManualClock();
    const steps = createSteps({
      ...options,
      clock,
      source,
      history,
      recorder: createSyncRecorder(source, 'fluxd/1', new ManualClock()),
    });
    await expect(steps.sync(FIRST, {})).rejects.toThrow('git was killed');
    expect([texts, progress.applied, progress.failure]).toEqual([[], FIRST, undefined]);
    clock.advance(2_000);
    await steps.sync(FIRST, {});
    const imageUpdates = [
      { commit: FIRST, workload: 'shop:deployment/web', container: 'c', from: 'acme/web:1', to: 'acme/web:2' },
    ];
    expect(JSON.parse(texts[0] ?? '')).toMatchObject({ imageUpdates });
    expect((await history.page({ limit: 5 })).entries).toMatchObject([{ kind: 'synced', record: { imageUpdates } }]);
    expect(progress.unrecorded).toBeUndefined();
  });

  test('a push without an answer has the sync come back soon', async () => {
    const failure = new FluxError('hung up', { code: 'git/push-unanswered' });
    const source = { ...options.source, recordSync: () => Promise.reject(failure) };
    const recorder = createSyncRecorder(source, 'fluxd/1', new ManualClock());
    await expect(createSteps({ ...options, source, recorder }).sync(FIRST, {})).rejects.toBe(failure);
  });

  test('a revision that left the branch is not recorded again', async () => {
    const failure = new FluxError('gone', { code: 'git/revision-removed', fault: 'user' });
    const asked: string[] = [];
    const recordSync = async ({ revision }: { readonly revision: string }) => {
      asked.push(revision);
      if (revision === FIRST) throw failure;
    };
    const source = { ...options.source, recordSync };
    const recorder = createSyncRecorder(source, 'fluxd/1', new ManualClock());
    const steps = createSteps({ ...options, source, recorder });
    await expect(steps.sync(FIRST, {})).rejects.toBe(failure);
    await steps.sync(SECOND, {});
    await steps.sync(SECOND, {});
    expect(asked.filter((revision) => revision === FIRST)).toHaveLength(2);
    expect(progress.unrecorded).toBeUndefined();
  });

  test('a policy change that is refused says so of the workload, as in Flux v1', async () => {
    manifests = [deployment('web')];
    const id = 'shop:deployment/web';
    const spec: UpdateSpec = {
      type: 'policy',
      cause: { Message: '', User: 'Ann' },
      spec: { [id]: { add: { 'tag.c': 'semver:foo' }, remove: {} } },
    };
    const job = options.jobs.add(spec, 0);
    await createSteps(options).job({});
    const error = 'invalid tag pattern: "semver:foo"';
    const result = { [id]: { Status: 'failed', Error: error, PerContainer: null } };
    expect(await options.jobs.status(job.id)).toEqual({ state: 'failed', error, spec, result });
  });

  test.each([
    ['command-failed', undefined, 60_000, 1, 'git repo not ready: git ls-remote: fatal: no route'],
    ['command-failed', FIRST, 60_000, 3, 'git ls-remote: fatal: no route'],
    ['command-failed', FIRST, 1_000, 1, 'git ls-remote: fatal: no route'],
    ['denied', FIRST, 60_000, 1, 'git ls-remote: fatal: no route'],
  ])(
    'an update that Git cannot be asked for (%s) says whether it ever could be (head %s), and is tried again while it may pass (within %i ms: %i)',
    async (code, known, timeoutMs, tries, error) => {
      const failure = new FluxError('git ls-remote: fatal: no route', { code: `git/${code}`, help: 'Read it.' });
      let fetches = 0;
      const fetch = async ({ signal }: Cancellable = {}) => {
        signal?.throwIfAborted();
        fetches += 1;
        throw failure;
      };
      const source = { ...options.source, accepted: () => known, fetch };
      const spec: UpdateSpec = { type: 'policy', cause: { Message: '', User: '' }, spec: {} };
      const clock = new ManualClock();
      const job = options.jobs.add(spec, 0);
      let over = false;
      const done = createSteps({ ...options, source, timeoutMs, clock }).job({});
      void done.finally(() => {
        over = true;
      });
      await until('the job is over', () => {
        if (clock.sleeping > 0) clock.advance(4_000);
        return over;
      });
      expect(await options.jobs.status(job.id)).toEqual({ state: 'failed', error });
      expect(fetches).toBe(tries);
    },
  );

  test('a commit that arrived though its push was never answered is the outcome of its job, made once', async () => {
    const file = '---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n';
    let commits = 0;
    const source = {
      ...options.source,
      accepted: () => head,
      unverified: () => undefined,
      files: async () => [{ path: 'web.yaml', mode: '100644', blob: 'b', size: file.length }],
      blob: async () => Buffer.from(file),
      async commit(): Promise<string> {
        commits += 1;
        head = SECOND;
        throw new FluxError('git push: hung up', { code: 'git/push-unknown' });
      },
      arrived: async () => SECOND,
    };
    const spec: UpdateSpec = {
      type: 'policy',
      cause: { Message: '', User: '' },
      spec: { 'shop:deployment/web': { add: { locked: 'true' }, remove: {} } },
    };
    const clock = new ManualClock();
    const job = options.jobs.add(spec, 0);
    const done = createSteps({ ...options, source, timeoutMs: 60_000, clock }).job({});
    await until('it is tried again', () => clock.sleeping > 0);
    clock.advance(4_000);
    await done;
    expect(await options.jobs.status(job.id)).toMatchObject({ state: 'succeeded', error: '', revision: SECOND });
    expect(commits).toBe(1);
  });

  const FILE = '---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n';
  const LOCK: UpdateSpec = {
    type: 'policy',
    cause: { Message: '', User: '' },
    spec: { 'shop:deployment/web': { add: { locked: 'true' }, remove: {} } },
  };

  /** A source that counts fetches, and the revisions that are committed on. */
  function committing(commit: (base: string) => string | Promise<string>) {
    const seen = { fetches: 0, bases: [] as string[] };
    const source: Source = {
      ...options.source,
      accepted: () => head,
      unverified: () => undefined,
      fetch: async () => {
        seen.fetches += 1;
        return head;
      },
      files: async () => [{ path: 'web.yaml', mode: '100644', blob: 'b', size: FILE.length }],
      blob: async () => Buffer.from(FILE),
      async commit({ base }) {
        seen.bases.push(base);
        return commit(base);
      },
      arrived: async () => undefined,
    };
    return { seen, source };
  }

  const push = () => {
    head = SECOND;
    return SECOND;
  };
  const loseRace = (base: string) => {
    head = SECOND;
    if (base === FIRST) throw new FluxError('branch moved', { code: 'git/push-raced' });
    return SECOND;
  };

  test.each([
    ['found on the head that was synced is committed on it', FIRST, push, { fetches: 0, bases: [FIRST] }],
    ['that loses the race is planned again on the new head', FIRST, loseRace, { fetches: 1, bases: [FIRST, SECOND] }],
    ['that a person asked for is planned on what is fetched', undefined, push, { fetches: 1, bases: [FIRST] }],
  ])('an update %s', async (_what, found, commit, expected) => {
    const { seen, source } = committing(commit);
    const clock = new ManualClock();
    const update = { jobId: 'j', spec: LOCK, ...(found === undefined ? {} : { head: found }) };
    const done = applyUpdate(update, { ...options, source, clock });
    let over = false;
    void done.finally(() => {
      over = true;
    });
    await until('it is committed', () => {
      if (clock.sleeping > 0) clock.advance(4_000);
      return over;
    });
    expect((await done).revision).toBe(SECOND);
    expect(seen).toEqual(expected);
  });

  test.each([
    ['that the mirror has', push, { state: 'known', head: SECOND }],
    ['that another push followed', () => 'pushed', { state: 'unknown' }],
    ['that failed', () => Promise.reject(new Error('refused')), { state: 'unknown' }],
  ])('a job is followed by a fetch unless its branch is known: a commit %s', async (_what, commit, expected) => {
    const { source } = committing(commit);
    options.jobs.add(LOCK, 0);
    expect(await createSteps({ ...options, source }).job({})).toEqual(expected);
  });

  test('a workload whose name nobody can ask for does not stop the others from being watched', async () => {
    manifests = [deployment('web+1'), deployment('wéb'), deployment('web')];
    await createSteps(options).sync(FIRST, {});
    expect(watched).toEqual(['index.docker.io/acme/web']);
    expect(progress.failure).toBeUndefined();
  });

  test('who asks while a fetch is under way waits for the next one: that fetch may not have their commit', async () => {
    const steps = createSteps(options);
    let late = '';
    duringFetch = () => {
      late = reports.ask().id;
    };
    const early = reports.ask().id;
    await steps.fetch({});
    await steps.sync(FIRST, {});
    expect([reports.get(early).state, reports.get(late).state]).toEqual(['done', 'queued']);
    duringFetch = () => {};
    asked = [];
    await steps.fetch({});
    expect(asked).toContain('sync');
    await steps.sync(FIRST, {});
    expect(reports.get(late).state).toBe('done');
  });

  test('a fetch that fails is told to those it was made for', async () => {
    const steps = createSteps(options);
    const { id } = reports.ask();
    duringFetch = () => {
      throw new FluxError('remote is down', { code: 'git/unreachable' });
    };
    await expect(steps.fetch({})).rejects.toThrow('remote is down');
    steps.fetchFailed(new FluxError('remote is down', { code: 'git/unreachable' }));
    expect(reports.get(id)).toMatchObject({ state: 'done', failure: { message: 'remote is down' } });
  });

  test('a sync that loses the right to write while it is recorded leaves the record to the next leader', async () => {
    const term = new AbortController();
    const lost = new FluxError('flux-2 holds the lease now', { code: 'lease/lost' });
    const recorder = {
      ...options.recorder,
      record: async () => {
        term.abort(lost);
        throw lost;
      },
    };
    const steps = createSteps({ ...options, recorder });
    const { id } = reports.ask();
    await steps.fetch({});
    await expect(steps.sync(FIRST, { signal: term.signal })).rejects.toBe(lost);
    expect(reports.get(id)).toMatchObject({ state: 'done', failure: lost });
    expect(progress).toMatchObject({ applied: FIRST, ended: undefined, failure: undefined, unrecorded: undefined });
  });

  test('a sync that loses the right to write is told to who asked; it records nothing, and is no failure of the daemon', async () => {
    const steps = createSteps(options);
    const { id } = reports.ask();
    await steps.fetch({});
    const term = new AbortController();
    const lost = new FluxError('flux-2 holds the lease now', { code: 'lease/lost' });
    duringApply = () => term.abort(lost);
    await expect(steps.sync(FIRST, { signal: term.signal })).rejects.toBe(lost);
    expect(reports.get(id)).toMatchObject({ state: 'done', failure: lost });
    expect(progress).toMatchObject({ applied: undefined, failure: undefined, unrecorded: undefined });
    expect(recorded).toEqual([]);
  });

  test('no update is reverted before the memory is read, which may say that automation is suspended', async () => {
    const unread = new FluxError('the memory cannot be read', { code: 'cluster/unreachable' });
    let asked = 0;
    const due = () => {
      asked += 1;
      return undefined;
    };
    const rollouts = { ...options.rollouts, due };
    const steps = createSteps({ ...options, rollouts, notice: () => Promise.reject(unread) });
    await expect(steps.automate(FIRST, {})).rejects.toBe(unread);
    expect(asked).toBe(0);
  });
});

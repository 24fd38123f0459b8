import { beforeEach, describe, expect, test } from 'vitest';
import { FluxError, silentLogger, systemClock } from '../../../../src/base/index.ts';
import type { MarkerStore } from '../../../../src/controller/ports/marker-store.ts';
import type { Source } from '../../../../src/controller/ports/source.ts';
import { confirmedDeletions } from '../../../../src/controller/sync/allow-prune.ts';
import { lastSynced } from '../../../../src/controller/sync/last-synced.ts';
import { isRefusal } from '../../../../src/controller/sync/patient-recorder.ts';
import { recordInGit } from '../../../../src/controller/sync/records/in-git.ts';
import { recordInSecret } from '../../../../src/controller/sync/records/in-secret.ts';
import { markedKeys } from '../../../../src/controller/sync/records/marked.ts';
import { accept } from '../../../../src/git/accept.ts';
import { createSyncRecord, formatSyncRecord, parseSyncRecord } from '../../../../src/record/index.ts';
import { createRemote, type Remote, sourceOf } from '../../../git/support/repository.ts';
import { sampled, thorough } from '../../../support/sampled.ts';

const HWM = 'flux.weave.works/sync-hwm';
const RECORDS = 'fluxcd.io/sync-records';
const FORBIDDEN = new FluxError('secrets "flux-git-deploy" is forbidden', { code: 'cluster/forbidden' });

/** The Secret, and what is done with it. */
interface Secret extends MarkerStore {
  annotations: Map<string, string>;
  writes: number;
  failure: { readonly read?: unknown; readonly write?: unknown; readonly lost?: true };
}

function createSecret(): Secret {
  const secret: Secret = {
    name: 'flux-git-deploy',
    annotations: new Map(),
    writes: 0,
    failure: {},
    namespace: async () => 'flux',
    async read() {
      if (secret.failure.read) throw secret.failure.read;
      return { annotations: new Map(secret.annotations) };
    },
    async write({ annotations }) {
      if (secret.failure.write) throw secret.failure.write;
      secret.writes += 1;
      for (const [key, value] of Object.entries(annotations)) {
        if (value === null) secret.annotations.delete(key);
        else secret.annotations.set(key, value);
      }
      if (secret.failure.lost) throw new FluxError('connection reset', { code: 'cluster/unreachable' });
    },
  };
  return secret;
}

type Mode = 'git' | 'secret' | 'read-only';

let remote: Remote;
let secret: Secret;
beforeEach(() => {
  remote = createRemote();
  secret = createSecret();
});

/** A daemon that starts: the source with its records. */
async function start(mode: Mode): Promise<Source> {
  const git = sourceOf(remote.path, { access: mode === 'read-only' ? 'read-only' : 'read-write' });
  const keys = markedKeys('default');
  const shared = { clock: systemClock, log: silentLogger() };
  const source =
    mode === 'git'
      ? recordInGit(git, { syncTag: 'flux-sync', former: { store: secret, keys }, ...shared })
      : recordInSecret(git, { store: secret, namespace: 'flux', keys, ...shared });
  await source.fetch();
  return source;
}

/** What is known of the last sync when the head is to be synced. */
async function known(source: Source) {
  const head = source.accepted();
  if (head === undefined) throw new Error('not fetched');
  const { lineage: _, ...last } = await lastSynced(source, head);
  return last;
}

function recordOf(revision: string, more: { readonly allowPrune?: number; readonly unconfirmed?: true } = {}): string {
  const counts = { created: 1 };
  const changes = [{ id: 'shop:deployment/cart', outcome: 'created', place: 'cart.yaml:1', reason: 'missing' }];
  return formatSyncRecord(
    createSyncRecord({ daemon: 'fluxd/1', revision, startedAt: 0, durationMs: 1, counts, changes, imageUpdates: [], ...more }),
  );
}

async function sync(source: Source, more?: { readonly allowPrune?: number; readonly unconfirmed?: true }): Promise<string> {
  const revision = await source.fetch();
  await source.recordSync({ revision, record: recordOf(revision, more) });
  return revision;
}

const tagged = () => {
  try {
    return remote.git('rev-parse', 'flux-sync^{commit}');
  } catch {
    return undefined;
  }
};

describe('a restart in another mode', () => {
  // What the daemon before synced is known, so that its commits are no news; it is the marker only where it is kept.
  const restarts: readonly (readonly [before: Mode, after: Mode, marked: 'synced' | 'nothing'])[] = [
    ['git', 'git', 'synced'],
    ['git', 'secret', 'nothing'],
    ['git', 'read-only', 'nothing'],
    ['secret', 'git', 'nothing'],
    ['secret', 'secret', 'synced'],
    ['secret', 'read-only', 'synced'],
    ['read-only', 'git', 'nothing'],
    ['read-only', 'secret', 'synced'],
    ['read-only', 'read-only', 'synced'],
  ];
  test.each(sampled('restarts in another mode', restarts, 3))(
    '%s, then %s: the last sync is known, and the marker is %s',
    async (before, after, marked) => {
      const synced = await sync(await start(before));
      const next = await start(after);
      expect(await known(next)).toEqual({ marked: marked === 'synced' ? synced : undefined, known: synced });
    },
  );

  test.runIf(thorough('modes there and back again'))(
    'there and back again: the later one of both counts, and one of them is left',
    async () => {
      const first = await sync(await start('git'));
      remote.commit({ 'apps/a.yaml': 'a: 2\n' }, 'Second');
      const second = await sync(await start('secret'));
      expect([tagged(), secret.annotations.get(HWM)]).toEqual([first, second]);

      const back = await start('git');
      expect(await known(back)).toEqual({ marked: first, known: second });
      remote.commit({ 'apps/a.yaml': 'a: 3\n' }, 'Third');
      const third = await sync(back);
      expect([tagged(), [...secret.annotations]]).toEqual([third, []]);
      expect(await known(await start('git'))).toEqual({ marked: third, known: third });
      expect(await known(await start('secret'))).toEqual({ marked: undefined, known: third });
    },
  );

  test('a marker that is not in the branch is no hint', async () => {
    await sync(await start('git'));
    remote.rewrite({ 'other.yaml': 'b: 1\n' });
    expect(await known(await start('secret'))).toEqual({ marked: undefined, known: undefined });
    secret.annotations.set(HWM, 'f'.repeat(40));
    expect((await known(await start('git'))).known).not.toBe('f'.repeat(40));
  });

  const approvals: readonly (readonly [string, Mode, Mode])[] = [
    ['in Git', 'git', 'secret'],
    ['in the Secret', 'secret', 'git'],
    ['in the Secret by a read-only one', 'read-only', 'git'],
  ];
  test.each(sampled('approvals over a change of mode', approvals, 1))(
    'an approval whose use was recorded %s does not count again',
    async (_where, before, after) => {
      await sync(await start(before));
      remote.commit({ 'apps/a.yaml': 'a: 2\n' }, 'Remove a lot\n\nAllow-Prune: 30\n');
      const first = await start(before);
      const revision = await first.fetch();
      expect(await confirmedDeletions(first, await lastSynced(first, revision), revision)).toBe(30);
      await first.recordSync({ revision, record: recordOf(revision), tag: false });
      for (const mode of [before, after]) {
        const next = await start(mode);
        await next.fetch();
        expect(await confirmedDeletions(next, await lastSynced(next, revision), revision)).toBeUndefined();
      }
    },
  );

  test.runIf(thorough('held deletions in both modes'))('that deletions wait for approval is known in both', async () => {
    for (const [before, after] of [
      ['secret', 'git'],
      ['git', 'git'],
      ['secret', 'secret'],
    ] as const) {
      const revision = await sync(await start(before), { unconfirmed: true });
      const next = await start(after);
      expect(parseSyncRecord((await next.syncRecord(revision)) ?? '')?.unconfirmed).toBe(true);
    }
  });
});

describe('syncs recorded in the Secret', () => {
  test('write nothing to Git, and a marker that Flux v1 reads', async () => {
    const before = remote.git('for-each-ref');
    const revision = await sync(await start('read-only'));
    expect(remote.git('for-each-ref')).toBe(before);
    expect(secret.annotations.get(HWM)).toBe(revision);
    secret.annotations = new Map([[HWM, revision]]);
    expect(await (await start('secret')).marker()).toBe(revision);
  });

  test.each(['', 'main', 'f'.repeat(39), '../..'])('a marker %j is none', async (text) => {
    secret.annotations = new Map([
      [HWM, text],
      [RECORDS, '{]'],
    ]);
    expect(await (await start('secret')).marker()).toBeUndefined();
  });

  test('the last record outlasts a restart, within bounds; the health of its workloads is added', async () => {
    const source = await start('secret');
    const revision = await source.fetch();
    const changes = Array.from({ length: 200 }, (_, index) => ({
      id: `shop:configmap/${index}`,
      outcome: 'created',
      reason: 'x'.repeat(300),
    }));
    const record = createSyncRecord({
      ...{ daemon: 'fluxd/1', revision, startedAt: 0, durationMs: 1, counts: { created: 200 }, changes, imageUpdates: [] },
      allowPrune: 3,
    });
    await source.recordSync({ revision, record: formatSyncRecord(record) });
    const kept = secret.annotations.get(RECORDS) ?? '';
    expect(kept.length).toBeLessThan(30_000);
    const next = await start('secret');
    expect(parseSyncRecord((await next.syncRecord(revision)) ?? '')).toMatchObject({ revision, allowPrune: 3 });
    await next.amendRecord(revision, (text) => text?.replace('"fluxd/1"', '"fluxd/2"'));
    expect(secret.annotations.get(RECORDS)).toContain('fluxd/2');
    expect((await next.syncRecords([revision], 5)).map((each) => each.revision)).toEqual([revision]);
  });

  test('the record before the last one is kept as well', async () => {
    const first = await sync(await start('secret'));
    remote.commit({ 'apps/a.yaml': 'a: 2\n' }, 'Second');
    const second = await sync(await start('secret'));
    remote.commit({ 'apps/a.yaml': 'a: 3\n' }, 'Third');
    const third = await sync(await start('secret'));
    const next = await start('secret');
    const known = await next.syncRecords([third, second, first], 5);
    expect(known.map(({ revision }) => revision)).toEqual([third, second]);
  });

  test('nothing is written when nothing changed, and a lost answer is not written twice', async () => {
    const source = await start('secret');
    await sync(source);
    await sync(source);
    expect(secret.writes).toBe(1);
    remote.commit({ 'apps/a.yaml': 'a: 2\n' }, 'Second');
    secret.failure = { lost: true };
    await expect(sync(source)).rejects.toThrow('connection reset');
    secret.failure = {};
    await sync(source);
    expect(secret.writes).toBe(2);
  });

  test.each(['read', 'write'] as const)(
    'without the right to %s it, syncs go on, and the error names the right',
    async (verb) => {
      secret.failure = { [verb]: FORBIDDEN };
      const source = await start('secret');
      const revision = await source.fetch();
      expect(await known(source)).toEqual({ marked: undefined, known: undefined });
      const error = await source.recordSync({ revision, record: recordOf(revision) }).catch((failure: unknown) => failure);
      expect(isRefusal(error)).toBe(true);
      expect(error).toMatchObject({
        message: expect.stringContaining('kubernetes flux:secret/flux-git-deploy: secrets "flux-git-deploy" is forbidden'),
        help: expect.stringContaining(`the right to ${verb === 'read' ? 'get' : 'patch'} it`),
      });
      // This process knows what it did.
      expect(await source.syncRecord(revision)).toBe(recordOf(revision));
    },
  );

  test('what another daemon recorded since counts after the next fetch', async () => {
    const [first, second] = [await start('secret'), await start('secret')];
    await sync(first);
    remote.commit({ 'apps/a.yaml': 'a: 2\n' }, 'Second');
    const later = await sync(second);
    await first.fetch();
    expect(await first.marker()).toBe(later);
    expect(await first.syncRecord(later)).toBe(recordOf(later));
  });
});

test('a read-only source is ready after a fetch, pushes nothing, and says so', async () => {
  remote.hook('pre-receive', 'exit 1');
  const source = await start('read-only');
  expect(source.state()).toEqual({ status: 'ready' });
  const base = accept(await source.fetch());
  const request = { base, edits: [{ path: 'a', content: 'b' }], message: 'm', jobId: 'j', note: '{}' };
  for (const act of [() => source.commit(request), () => source.arrived(request), async () => source.requireWritable()])
    await expect(act()).rejects.toMatchObject({
      code: 'git/read-only',
      message: 'cannot make a working clone of a read-only git repo',
    });
});

test.each([
  ['default', HWM, RECORDS],
  ['shop', `${HWM}.shop`, `${RECORDS}.shop`],
])('the annotations of the source %s', (name, revision, records) => {
  expect(markedKeys(name)).toEqual({ revision, records });
});

test('the annotations of sources with long names differ, and are names', () => {
  const [a, b] = ['a', 'b'].map((end) => markedKeys(`${'x'.repeat(62)}${end}`));
  expect(a?.records).not.toBe(b?.records);
  expect(a?.records.split('/')[1]?.length).toBeLessThanOrEqual(63);
});

import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Change } from '../../../src/change/index.ts';
import { createSyncEvents } from '../../../src/controller/sync/sync-events.ts';
import type { SyncOutcome } from '../../../src/controller/sync/sync-outcome.ts';
import type { Commit } from '../../../src/repository/index.ts';
import { newCommits, outcomeOf } from '../../support/outcome.ts';

const [OLD, FIRST, SECOND] = ['0'.repeat(40), '1'.repeat(40), '2'.repeat(40)];
const place = { file: 'shop.yaml', document: 1, line: 1 };

function commit(revision: string, subject: string): Commit {
  return { revision, subject, author: { name: '', email: '' }, trailers: [], committedAt: 0, ours: false };
}

function outcome(changes: readonly Change[], options: Partial<SyncOutcome> = {}): SyncOutcome {
  return outcomeOf({ revision: SECOND, previous: OLD, startedAt: 1, finishedAt: 5, changes, ...options });
}

function eventsOver(commits: readonly Commit[], notes: Readonly<Record<string, unknown>> = {}) {
  const texts = Object.fromEntries(Object.entries(notes).map(([revision, note]) => [revision, JSON.stringify(note)]));
  const events = createSyncEvents();
  return { of: (synced: SyncOutcome) => events.of({ ...synced, newCommits: newCommits(commits, texts) }) };
}

const failed = (message: string): Change => ({
  id: 'shop:configmap/bad',
  inGit: true,
  outcome: 'failed',
  place,
  error: new FluxError(message, { code: 'cluster/apply-failed' }),
});
const result = {
  'shop:deployment/cart': {
    Status: 'success',
    PerContainer: [{ Container: 'web', Current: 'acme/cart:1', Target: 'acme/cart:2' }],
  },
  'shop:deployment/web': { Status: 'failed', Error: 'no such image', PerContainer: null },
};

describe('the event of a sync', () => {
  test('has Flux v1’s shape: commits newest first, what they include, what failed', () => {
    const events = eventsOver([commit(SECOND, 'Second'), commit(FIRST, 'First')]);
    const changes: readonly Change[] = [
      { id: 'shop:configmap/new', inGit: true, place, outcome: 'created' },
      { id: 'shop:configmap/changed', inGit: true, place, outcome: 'configured' },
      { id: 'shop:configmap/same', inGit: true, place, outcome: 'unchanged' },
      { id: 'shop:configmap/corrected', inGit: true, place, outcome: 'configured', drift: true, reason: 'changed' },
      { id: 'shop:configmap/gone', inGit: false, outcome: 'deleted', reason: 'no longer in Git' },
      failed('boom at https://me:secret@host'),
    ];
    const [sync] = events.of(outcome(changes));
    expect(sync).toEqual({
      type: 'sync',
      objects: ['shop:configmap/bad', 'shop:configmap/changed', 'shop:configmap/new'],
      startedAt: 1,
      endedAt: 1,
      metadata: {
        commits: [
          { revision: SECOND, message: 'Second' },
          { revision: FIRST, message: 'First' },
        ],
        includes: { other: true },
        errors: [{ ID: 'shop:configmap/bad', Path: 'shop.yaml', Error: 'boom at https://me:***@host' }],
      },
    });
  });

  test('is not told where nothing is new, but once for each other trouble', () => {
    const events = eventsOver([]);
    const again = { previous: SECOND };
    const types = (changes: readonly Change[]) => events.of(outcome(changes, again)).map(({ type }) => type);
    expect(types([])).toEqual([]);
    expect(types([failed('a')])).toEqual(['sync']);
    expect(types([failed('a')])).toEqual([]);
    expect(types([failed('b')])).toEqual(['sync']);
    expect(types([])).toEqual([]);
    expect(types([failed('b')])).toEqual(['sync']);
  });

  test('goes on when the commits cannot be read', () => {
    const unread = { state: 'unread', error: new FluxError('bad object', { code: 'git/failed' }) } as const;
    const corrected: Change = {
      id: 'shop:configmap/a',
      inGit: true,
      place,
      outcome: 'configured',
      drift: true,
      reason: 'changed',
    };
    expect(
      createSyncEvents()
        .of(outcome([corrected], { newCommits: unread }))
        .map(({ type }) => type),
    ).toEqual(['drift_corrected']);
  });
});

describe('releases that come with a sync', () => {
  const cause = { Message: 'hello', User: 'Ann' };
  const commits = [commit(SECOND, 'Auto-release acme/cart:2'), commit(FIRST, 'Release acme/cart:2 to all')];
  const image = { ServiceSpecs: ['<all>'], ImageSpec: 'acme/cart:2', Kind: 'execute', Excludes: null, Force: false };
  const notes = {
    [FIRST]: { jobID: 'j', spec: { type: 'image', cause, spec: image }, result },
    [SECOND]: { jobID: 'k', spec: { type: 'auto', cause: { Message: '', User: '' }, spec: { Changes: [] } }, result },
  };

  test('are told after it, oldest first, in Flux v1’s shapes', () => {
    const told = eventsOver(commits, notes).of(outcome([]));
    expect(told.map(({ type }) => type)).toEqual(['sync', 'release', 'autorelease']);
    expect(told[0]).toMatchObject({ metadata: { includes: { release: true, autorelease: true } } });
    expect(told[1]).toEqual({
      type: 'release',
      objects: ['shop:deployment/cart'],
      startedAt: 1,
      endedAt: 5,
      metadata: {
        Revision: FIRST,
        result,
        error: 'shop:deployment/web failed: no such image',
        spec: { Type: 'releaseImageSpecType', ReleaseImageSpec: image, ReleaseContainersSpec: null },
        cause,
      },
    });
    expect(told[2]).toMatchObject({ metadata: { Revision: SECOND, spec: { Changes: [] } } });
  });

  test('are not told at an initial sync, which finds what another daemon did', () => {
    const { previous: _, ...initial } = outcome([]);
    const told = eventsOver(commits, notes).of(initial);
    expect(told).toMatchObject([{ type: 'sync', metadata: { initialSync: true } }]);
  });

  test('a note that somebody broke is no release', () => {
    for (const spec of [null, 7, { type: 'image' }, { type: 7, spec: {} }, { type: 'image', spec: {}, cause: 'x' }]) {
      const told = eventsOver([commit(FIRST, '')], { [FIRST]: { jobID: 'j', spec, result: {} } }).of(outcome([]));
      expect(told[0]).toMatchObject({ type: 'sync' });
    }
  });
});

describe('what Flux v1 did not tell', () => {
  test('corrections of drift, with what was changed', () => {
    const corrected: Change = {
      id: 'shop:configmap/a',
      inGit: true,
      place,
      outcome: 'configured',
      drift: true,
      reason: 'changed by kubectl',
    };
    expect(eventsOver([]).of(outcome([corrected], { previous: SECOND }))).toMatchObject([
      { type: 'drift_corrected', metadata: { corrections: [{ id: 'shop:configmap/a', reason: 'changed by kubectl' }] } },
    ]);
  });

  test('deletions that are held, once for each list', () => {
    const events = eventsOver([]);
    const held = (n: number): Change => ({
      id: `shop:configmap/${n}`,
      inGit: false,
      outcome: 'held',
      uid: `${n}`,
      approval: 'abc',
      reason: 'many',
    });
    const told = (changes: readonly Change[]) => events.of(outcome(changes, { previous: SECOND })).map(({ objects }) => objects);
    expect(told([held(1)])).toEqual([['shop:configmap/1']]);
    expect(told([held(1)])).toEqual([]);
    expect(told([held(1), held(2)])).toEqual([['shop:configmap/1', 'shop:configmap/2']]);
    expect(told([])).toEqual([]);
    expect(told([held(1)])).toEqual([['shop:configmap/1']]);
  });
});

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { accept } from '../../src/git/accept.ts';
import { createRemote, type Remote, sourceOf } from './support/repository.ts';

const IDENTITY = ['-c', 'user.name=Weave Flux', '-c', 'user.email=support@weave.works'];
const FIRST = Date.parse('2030-01-02T03:04:05.900Z');

/** A source whose clock stands where it is set. */
function sourceAt(remote: Remote) {
  const time = { now: FIRST };
  return { source: sourceOf(remote.path, { clock: { ...systemClock, now: () => time.now } }), time };
}

/** Sets the tag with git as Flux v1 does. */
function setByFluxV1(remote: Remote, revision: string, at: number, message = 'Sync pointer'): void {
  execFileSync('git', [...IDENTITY, 'tag', '--force', '-a', '-m', message, 'flux-sync', revision], {
    cwd: remote.path,
    env: { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_COMMITTER_DATE: `${Math.floor(at / 1000)} +0000` },
    stdio: 'pipe',
  });
}

test('without a tag and notes there is nothing to tell', async () => {
  const { source } = sourceAt(createRemote());
  await source.fetch();
  expect(await source.writers()).toEqual({ jobNotes: { ref: 'refs/notes/flux', fluxd: 0, fluxV1: 0 } });
});

test('a tag of ours is told from one of Flux v1 that has the same bytes by the record that came with it', async () => {
  const remote = createRemote();
  const { source, time } = sourceAt(remote);
  const revision = await source.fetch();
  const at = { name: 'flux-sync', revision, setAt: Math.floor(FIRST / 1000) * 1000 };
  await source.recordSync({ revision: accept(revision), record: '{"n":1}' });
  const ours = remote.git('rev-parse', 'flux-sync');
  expect((await source.writers()).syncTag).toEqual({ ...at, by: 'fluxd', afterRecords: false });

  // The record is written anew, for the same revision and others: the tag stays ours.
  time.now += 60_000;
  await source.recordSync({ revision: accept(revision), record: '{"n":2}' });
  expect((await source.writers()).syncTag).toEqual({ ...at, by: 'fluxd', afterRecords: false });

  // Flux v1 sets it again, to the same revision, later: only the date differs, and no record has it.
  setByFluxV1(remote, revision, time.now + 120_000);
  await source.fetch();
  const again = { ...at, setAt: at.setAt + 180_000 };
  expect((await source.writers()).syncTag).toEqual({ ...again, by: 'flux-v1', afterRecords: true });

  // With our date it is ours, to the byte.
  setByFluxV1(remote, revision, FIRST);
  expect(remote.git('rev-parse', 'flux-sync')).toBe(ours);
});

test('a tag of Flux v1 stays one when its revision gets a record, even within the same second', async () => {
  const remote = createRemote();
  const { source, time } = sourceAt(remote);
  const first = await source.fetch();
  setByFluxV1(remote, first, FIRST);
  await source.fetch();
  expect((await source.writers()).syncTag).toMatchObject({ revision: first, by: 'flux-v1', afterRecords: false });
  time.now += 5_000;
  await source.recordSync({ revision: accept(first), record: '{"n":1}' });
  expect((await source.writers()).syncTag).toMatchObject({ revision: first, by: 'flux-v1', afterRecords: false });

  // Where we record one revision in the second in which Flux v1 tags another.
  const second = remote.commit({ 'apps/b.yaml': 'b' });
  await source.fetch();
  time.now += 5_000;
  await source.recordSync({ revision: accept(second), record: '{"n":1}' });
  setByFluxV1(remote, first, time.now);
  await source.fetch();
  expect((await source.writers()).syncTag).toMatchObject({ revision: first, by: 'flux-v1', afterRecords: true });
});

test('a tag that neither would set is told as such', async () => {
  const remote = createRemote();
  const { source } = sourceAt(remote);
  const revision = await source.fetch();
  remote.git('tag', 'flux-sync', revision);
  await source.fetch();
  expect((await source.writers()).syncTag).toEqual({ name: 'flux-sync', revision, by: 'other', afterRecords: false });
  setByFluxV1(remote, revision, FIRST, 'Back to here');
  await source.fetch();
  expect((await source.writers()).syncTag).toMatchObject({ revision, by: 'other', setAt: Math.floor(FIRST / 1000) * 1000 });
});

test('notes are counted by who made their commit; those of commits that are gone are not', async () => {
  const remote = createRemote();
  const { source } = sourceAt(remote);
  const base = await source.fetch();
  const note = '{"jobID":"x","result":null}';
  const edits = [{ path: 'apps/a.yaml', content: 'a: 2\n' }];
  await source.commit({ base, edits, message: 'Release', jobId: 'x', note });
  const first = remote.commit({ 'apps/b.yaml': 'b' }, 'Auto-release acme/cart:1.4');
  const second = remote.commit({ 'apps/b.yaml': 'c' }, 'Auto-release acme/cart:1.5\n\nA person wrote: Flux-Job-Id: x\n\nmore');
  for (const revision of [first, second]) remote.git(...IDENTITY, 'notes', '--ref=flux', 'add', '-m', note, revision);
  await source.fetch();
  expect((await source.writers()).jobNotes).toEqual({ ref: 'refs/notes/flux', fluxd: 1, fluxV1: 2 });

  const rewritten = createRemote();
  remote.git('push', '--quiet', rewritten.path, 'refs/notes/flux');
  const other = sourceAt(rewritten).source;
  await other.fetch();
  expect((await other.writers()).jobNotes).toEqual({ ref: 'refs/notes/flux', fluxd: 0, fluxV1: 0 });
});

import { expect, test } from 'vitest';
import { createRemote, failureOf, sourceOf } from './support/repository.ts';

test('says which commit last changed each line of a range, and who made it', async () => {
  const remote = createRemote();
  const first = remote.commit({ 'apps/a b.yaml': 'one: 1\ntwo: 2\nthree: 3\n' }, 'Begin: it all');
  const second = remote.commit({ 'apps/a b.yaml': 'one: 1\ntwo: 22\nthree: 3\n' }, 'Double two');
  const source = sourceOf(remote.path);
  await source.fetch();
  const file = 'apps/a b.yaml';
  const lines = await source.blame({ revision: second, file, from: 2, to: 3 });
  expect(lines.map(({ line, revision, subject }) => ({ line, revision, subject }))).toEqual([
    { line: 2, revision: second, subject: 'Double two' },
    { line: 3, revision: first, subject: 'Begin: it all' },
  ]);
  for (const { author, at } of lines) {
    expect(author).toBe(remote.git('log', '-1', '--format=%an', second).trim());
    expect(new Date(at).getUTCFullYear()).toBeGreaterThan(2000);
  }
  // As of the commit that is asked about, and no further than the file goes.
  expect(await source.blame({ revision: first, file, from: 1, to: 99 })).toHaveLength(3);
});

test('fails for a file that the revision does not have', async () => {
  const remote = createRemote();
  const source = sourceOf(remote.path);
  const revision = await source.fetch();
  const failure = await failureOf(source.blame({ revision, file: '--contents=/etc/passwd', from: 1, to: 9 }));
  expect(failure.code).toBe('git/command-failed');
});

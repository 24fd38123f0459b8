import { describe, expect, test } from 'vitest';
import { countTurns } from '../support/turns.ts';
import { rawObjects } from './support/raw-objects.ts';
import { createRemote, failureOf, type Remote, sourceOf } from './support/repository.ts';

/** A tree that holds itself `width` times over on each of `levels`, of as many objects as there are levels. */
function nested(remote: Remote, levels: number, width: number, innermost: 'file' | 'nothing'): string {
  const objects = rawObjects(remote.path);
  let mode = innermost === 'file' ? '100644' : '40000';
  let id = innermost === 'file' ? objects.blob('a: 1\n') : objects.tree([]);
  for (let level = 0; level < levels; level += 1) {
    const entries = Array.from({ length: width }, (_, n) => ({ mode, name: `${n}${mode === '40000' ? '' : '.txt'}`, id }));
    [mode, id] = ['40000', objects.tree(entries)];
  }
  const commit = objects.commit(id, remote.git('rev-parse', 'main'));
  remote.git('update-ref', 'refs/heads/main', commit);
  return commit;
}

describe('a tree of few objects with more files than memory has room for', () => {
  test.each([
    ['files', 'file', 7],
    ['empty folders', 'nothing', 9],
  ] as const)(
    '%s: the listing is ended at the bound, which is named, and the last revision stays readable',
    async (_, innermost, levels) => {
      const remote = createRemote();
      const source = sourceOf(remote.path);
      const good = await source.fetch();
      const bomb = nested(remote, levels, 10, innermost);
      expect(await source.fetch()).toBe(bomb);
      const turns = countTurns();
      const failure = await failureOf(source.files(bomb));
      turns.stop();
      expect(failure).toMatchObject({ code: 'git/too-many-files' });
      expect(failure.message).toContain('1250000 files and folders');
      expect(turns.turns).toBeGreaterThan(100);
      expect(await source.files(good)).toHaveLength(1);
    },
  );

  test('one that is just below is listed, and everything else has its turn meanwhile', async () => {
    const remote = createRemote();
    const large = nested(remote, 5, 10, 'file');
    const source = sourceOf(remote.path);
    await source.fetch();
    const turns = countTurns();
    expect(await source.files(large)).toHaveLength(100_000);
    turns.stop();
    expect(turns.turns).toBeGreaterThan(50);
  });
});

describe('names are bytes', () => {
  test('two that would be one after decoding are two, marked and escaped', async () => {
    const remote = createRemote();
    const objects = rawObjects(remote.path);
    const id = objects.blob('a: 1\n');
    const names = ['a.yaml', 'caf\\xe9.yaml', 'caf\xe8.yaml', 'caf\xe9.yaml', 'caf\xc3\xa9.yaml', 'caf\xef\xbf\xbd.yaml'];
    const sorted = names.map((name) => Buffer.from(name, 'latin1')).toSorted(Buffer.compare);
    const tree = objects.tree(sorted.map((name) => ({ mode: '100644', name, id })));
    const commit = objects.commit(tree, remote.git('rev-parse', 'main'));
    remote.git('update-ref', 'refs/heads/main', commit);
    const source = sourceOf(remote.path);
    await source.fetch();
    const files = await source.files(commit);
    expect(files.map(({ path, undecodable }) => [path, undecodable ?? false])).toEqual([
      ['a.yaml', false],
      ['caf\\xe9.yaml', false],
      ['café.yaml', false],
      ['caf\\xe8.yaml', true],
      ['caf\\xe9.yaml', true],
      ['caf\ufffd.yaml', false],
    ]);
  });
});

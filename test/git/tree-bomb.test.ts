import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MANIFEST_NAME } from '../../src/manifests/index.ts';
import { sampled, thorough } from '../support/sampled.ts';
import { countTurns } from '../support/turns.ts';
import type { Took } from './support/listing.ts';
import { rawObjects } from './support/raw-objects.ts';
import { createRemote, failureOf, type Remote, run, sourceOf, temporaryDirectory } from './support/repository.ts';

/** A tree that holds itself `width` times over on each of `levels`, of as many objects as there are levels. */
function nested(
  remote: Remote,
  levels: number,
  width: number,
  innermost: 'file' | 'nothing',
  suffix = '.txt',
  copies = 1,
): string {
  const objects = rawObjects(remote.path);
  let mode = innermost === 'file' ? '100644' : '40000';
  let id = innermost === 'file' ? objects.blob('a: 1\n') : objects.tree([]);
  for (let level = 0; level < levels; level += 1) {
    const entries = Array.from({ length: width }, (_, n) => ({ mode, name: `${n}${mode === '40000' ? '' : suffix}`, id }));
    [mode, id] = ['40000', objects.tree(entries)];
  }
  if (copies > 1) id = objects.tree(Array.from({ length: copies }, (_, n) => ({ mode, name: `${n}`.padStart(2, '0'), id })));
  const commit = objects.commit(id, remote.git('rev-parse', 'main'));
  remote.git('update-ref', 'refs/heads/main', commit);
  return commit;
}

describe('a tree of few objects with more files than memory has room for', () => {
  const BOMBS = [
    ['files', 'file', 7],
    ['empty folders', 'nothing', 9],
  ] as const;
  test.each(sampled('bombs', BOMBS, 1))(
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

describe('the memory for a revision', () => {
  const list = async (remote: Remote, revision: string): Promise<Took> => {
    const program = fileURLToPath(new URL('./support/listing.ts', import.meta.url));
    return JSON.parse(await run(process.execPath, [program, remote.path, revision, temporaryDirectory()]));
  };

  test.runIf(thorough('1,100,000 files that are no manifests'))(
    'of files that are no manifests is for none of them',
    async () => {
      const remote = createRemote();
      const took = await list(remote, nested(remote, 5, 10, 'file', '.txt', 11));
      console.log(took);
      expect(took).toMatchObject({ files: 0 });
      expect(took.rss).toBeLessThan(150 << 20);
      expect(took.cpuMs).toBeLessThan(50);
    },
  );

  test.runIf(thorough('100,000 manifests'))('of as many manifests as are read is a part of what the chart gives', async () => {
    const remote = createRemote();
    const took = await list(remote, nested(remote, 5, 10, 'file', '.yaml'));
    console.log(took);
    expect(took).toMatchObject({ files: 100_000 });
    expect(took.rss).toBeLessThan(150 << 20);
    expect(took.cpuMs).toBeLessThan(50);
  });
});

test('files without a wanted name are listed when a link with one leads to them, over links too', async () => {
  const remote = createRemote();
  const objects = rawObjects(remote.path);
  const file = objects.blob('a: 1\n');
  const link = (target: string) => objects.blob(target);
  const sub = objects.tree([
    { mode: '100644', name: 'other', id: file },
    { mode: '100644', name: 'text', id: file },
  ]);
  const tree = objects.tree([
    { mode: '120000', name: 'a.yaml', id: link('current') },
    { mode: '120000', name: 'absolute.yaml', id: link('/etc/passwd') },
    { mode: '120000', name: 'binary.yaml', id: link('dir/te\0xt') },
    { mode: '120000', name: 'current', id: link('dir/../dir/text') },
    { mode: '120000', name: 'dir.yaml', id: link('dir') },
    { mode: '40000', name: 'dir', id: sub },
    { mode: '120000', name: 'loop.yaml', id: link('loop.yaml') },
    { mode: '120000', name: 'out.yaml', id: link('../x') },
    { mode: '100644', name: 'plain', id: file },
    { mode: '100644', name: 'plain.yaml', id: file },
    { mode: '120000', name: 'slash.yaml', id: link('dir/') },
  ]);
  const commit = objects.commit(tree, remote.git('rev-parse', 'main'));
  remote.git('update-ref', 'refs/heads/main', commit);
  const listed = async (paths: readonly string[]) => {
    const source = sourceOf(remote.path, { names: MANIFEST_NAME, paths });
    await source.fetch();
    return (await source.files(commit)).map(({ path, mode }) => `${mode} ${path}`);
  };
  const links = ['a', 'absolute', 'binary', 'dir', 'loop', 'out', 'slash'].map((name) => `120000 ${name}.yaml`);
  const everything = [...links, '120000 current', '100644 plain.yaml', '100644 dir/text'];
  expect((await listed([])).toSorted()).toEqual(everything.toSorted());
  // A path without a manifest is there nevertheless.
  expect(await listed(['dir', 'plain'])).toEqual([]);
  expect(await listed(['a.yaml', 'current'])).toEqual(['120000 a.yaml', '120000 current']);
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

import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { changedFiles } from '../../src/git/changed-files.ts';
import { gitEnvironment } from '../../src/git/environment.ts';
import { createGit } from '../../src/git/git.ts';
import { ObjectReader } from '../../src/git/object-reader.ts';
import { listFiles } from '../../src/git/tree.ts';
import { sampled } from '../support/sampled.ts';
import { recordingGit } from './support/recording-git.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from './support/repository.ts';

/** Mode and content by path; git sorts `apps-x` and `apps.yaml` before what is in `apps`. */
type Tree = ReadonlyMap<string, readonly [mode: string, content: string]>;

const FOLDERS = ['', 'apps/', 'apps-x/', 'apps.yaml/', 'äpps/', 'apps/a.yaml/'];
const NAMES = ['a.yaml', 'b.yaml', 'c.txt', '\u{1f600}.yaml', '\uffee.yaml'];
const PATHS = FOLDERS.flatMap((folder) => NAMES.map((name) => `${folder}${name}`));
const COMMIT = 'c0'.repeat(20);

const file = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('100644', '100755', '120000'), fc.constantFrom('', 'x', 'longer', 'a.yaml')) },
  { weight: 1, arbitrary: fc.constant(['160000', COMMIT] as const) },
);
const tree: fc.Arbitrary<Tree> = fc
  .array(fc.tuple(fc.constantFrom(...PATHS), file), { maxLength: 12 })
  .map((entries) => new Map(entries.filter(([path]) => !entries.some(([other]) => path.startsWith(`${other}/`)))));

/** Writes the trees as commits, one after the other; the ids are in the same order. */
function commitTrees(path: string, trees: readonly Tree[]): readonly string[] {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const commits = trees.map((files) => {
    const lines = [...files].map(([name, [mode, content]]) =>
      mode === '160000' ? `M 160000 ${content} "${name}"\n` : `M ${mode} inline "${name}"\n${data(content)}`,
    );
    return `commit refs/heads/main\ncommitter A <a@b> 1 +0000\n${data('x')}deleteall\n${lines.join('')}`;
  });
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: path, input: commits.join('') });
  const log = execFileSync('git', ['rev-list', '--reverse', 'main'], { cwd: path, encoding: 'utf8' });
  return log.trim().split('\n').slice(-trees.length);
}

/** The two ways to list a revision. */
function listingsOf(gitDir: string) {
  const environment = gitEnvironment({ inherited: { PATH: process.env.PATH }, ssh: {} });
  const cwd = temporaryDirectory();
  const git = createGit({ gitDir, cwd, environment, clock: systemClock });
  const reader = new ObjectReader({ gitDir, cwd, environment, maxBytes: 1 << 20, onDamage: () => undefined });
  onTestFinished(() => reader.close());
  const run = { signal: new AbortController().signal };
  return {
    whole: (revision: string, below: readonly string[]) => listFiles(git, revision, { names: /\.yaml$/, below }, run),
    changed: (listing: Parameters<typeof changedFiles>[1], to: string, below: readonly string[]) =>
      changedFiles(git, listing, to, { names: /\.yaml$/, below }, (blob) => reader.sizeOf(blob), run),
  };
}

describe('a listing made from that of another revision', () => {
  test.each(sampled('seeds of trees', [1, 2, 3], 1))('is the whole listing (seed %i)', async (seed) => {
    const remote = createRemote();
    const trees = fc.sample(tree, { numRuns: 40, seed });
    const revisions = commitTrees(remote.path, trees);
    const { whole, changed } = listingsOf(remote.path);
    let made = 0;
    for (const [index, to] of revisions.entries()) {
      const from = revisions[index - 1];
      if (from === undefined) continue;
      for (const below of index % 2 === 0 ? [[]] : [['apps'], ['apps', 'äpps']]) {
        const before = await whole(from, below).catch(() => undefined);
        if (!before) continue;
        const after = await whole(to, below).catch((error: Error) => error);
        const found = await changed({ revision: from, files: before }, to, below);
        if (found !== undefined) made += 1;
        if (found !== undefined) expect(found).toEqual(after);
      }
    }
    expect(made).toBeGreaterThan(20);
  });

  const lines = (count: number, content: string) =>
    new Map(Array.from({ length: count }, (_, n) => [`apps/${n}.yaml`, ['100644', content]] as const));

  test.each<[string, Tree, Tree, 'made' | 'left to a whole listing']>([
    ['1,000 changes', lines(1_000, 'a'), lines(1_000, 'b'), 'made'],
    ['1,001 changes', lines(1_001, 'a'), lines(1_001, 'b'), 'left to a whole listing'],
    ['names of a megabyte', lines(1, 'a'), new Map([...lines(1, 'a'), ...longNames(300)]), 'left to a whole listing'],
    ['the last file below a path', lines(1, 'a'), new Map([['b.yaml', ['100644', 'b']]]), 'left to a whole listing'],
    [
      'the last file below a path, beside one of a similar name',
      new Map([...lines(1, 'a'), ['apps.yaml', ['100644', 'b']]]),
      new Map([['apps.yaml', ['100644', 'b']]]),
      'left to a whole listing',
    ],
  ])('%s', async (_, before, after, outcome) => {
    const remote = createRemote();
    const [from = '', to = ''] = commitTrees(remote.path, [before, after]);
    const { whole, changed } = listingsOf(remote.path);
    const made = changed({ revision: from, files: await whole(from, ['apps']) }, to, ['apps']);
    const found = await made.catch((error: { code?: string }) => error.code);
    if (outcome === 'made') expect(found).toEqual(await whole(to, ['apps']));
    else expect([undefined, 'git/too-much-output']).toContain(found);
  });
});

function longNames(count: number): Tree {
  const folder = Array.from({ length: 15 }, () => 'x'.repeat(240)).join('/');
  return new Map(Array.from({ length: count }, (_, n) => [`apps/${folder}/${n}.yaml`, ['100644', 'a']] as const));
}

test('a commit that changes one file is listed without reading all folders', async () => {
  const remote = createRemote({ 'apps/a.yaml': 'a: 1\n', 'other/b.yaml': 'b: 1\n' });
  const git = recordingGit();
  const source = sourceOf(remote.path, { environment: { ...process.env, PATH: git.path } });
  await source.files(await source.fetch());
  remote.commit({ 'apps/a.yaml': 'a: 22\n' });
  const head = await source.fetch();
  const before = git.calls().length;
  expect((await source.files(head)).map(({ path, size }) => [path, size])).toEqual([
    ['apps/a.yaml', 6],
    ['other/b.yaml', 5],
  ]);
  expect(
    git
      .calls()
      .slice(before)
      .map(([command]) => command),
  ).toEqual(['diff-tree']);
});

test('a path that a commit removes is refused by the whole listing, and its return is seen', async () => {
  const remote = createRemote({ 'apps/a.yaml': 'a: 1\n', 'b.yaml': 'b: 1\n' });
  const source = sourceOf(remote.path, { paths: ['apps'] });
  await source.files(await source.fetch());
  remote.commit({ 'apps/a.yaml': undefined });
  expect(await failureOf(source.files(await source.fetch()))).toMatchObject({ code: 'git/path-missing' });
  remote.commit({ 'apps/c.yaml': 'c: 1\n' });
  expect((await source.files(await source.fetch())).map(({ path }) => path)).toEqual(['apps/c.yaml']);
});

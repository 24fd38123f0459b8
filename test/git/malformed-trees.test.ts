import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { sampled } from '../support/sampled.ts';
import { rawObjects } from './support/raw-objects.ts';
import { createRemote, failureOf, type Remote, sourceOf } from './support/repository.ts';

type Objects = ReturnType<typeof rawObjects>;
type Make = (objects: Objects, blob: string, folder: string) => string;

const DOT_GITS = [
  '.git',
  '.GIT',
  '.Git',
  'git~1',
  'GIT~1',
  '.g\u200cit',
  '.gi\u200dt',
  '\u200e.git',
  '.git ',
  '.git.',
  '.git . .',
  '.git::$INDEX_ALLOCATION',
  'a\\.git',
];
const BAD_NAMES = [...DOT_GITS, '.', '..', '', 'a/b', '/abs', 'a/../../b', '../x'];

const named = (name: string): readonly (readonly [string, Make])[] => [
  [`a file ${JSON.stringify(name)}`, ({ tree }, id) => tree([{ mode: '100644', name, id }])],
  [`a folder ${JSON.stringify(name)}`, ({ tree }, _, id) => tree([{ mode: '40000', name, id }])],
];
const ordered =
  (...names: readonly string[]): Make =>
  ({ tree }, id) =>
    tree(names.map((name) => ({ mode: '100644', name, id })));

const HOSTILE: readonly (readonly [string, Make])[] = [
  ...BAD_NAMES.flatMap(named),
  ['unsorted names', ordered('b.yaml', 'a.yaml')],
  ['names sorted as text', ordered('a.yaml', 'ok.yaml', 'nk.yaml')],
  [
    'a folder sorted as a file',
    ({ tree }, blob, folder) =>
      tree([
        { mode: '40000', name: 'a', id: folder },
        { mode: '100644', name: 'a.yaml', id: blob },
      ]),
  ],
  [
    'a name twice',
    ({ tree, blob }, id) =>
      tree([
        { mode: '100644', name: 'ok.yaml', id },
        { mode: '100644', name: 'ok.yaml', id: blob('b: 2\n') },
      ]),
  ],
  ['a name three times', ordered('ok.yaml', 'ok.yaml', 'ok.yaml')],
  [
    'a file and a folder of one name',
    ({ tree }, blob, folder) =>
      tree([
        { mode: '100644', name: 'a', id: blob },
        { mode: '40000', name: 'a', id: folder },
      ]),
  ],
  [
    'the same with a name between',
    ({ tree }, blob, folder) =>
      tree([
        { mode: '100644', name: 'a', id: blob },
        { mode: '100644', name: 'a-b', id: blob },
        { mode: '40000', name: 'a', id: folder },
      ]),
  ],
  [
    'a hostile tree below a good one',
    ({ tree }, id) => tree([{ mode: '40000', name: 'apps', id: tree([{ mode: '100644', name: '..', id }]) }]),
  ],
  ['an object without id', ({ tree }) => tree([{ mode: '100644', name: 'a.yaml', id: '0'.repeat(40) }])],
  ['a blob for a tree', ({ tree }, id) => tree([{ mode: '40000', name: 'a', id }])],
  ['a tree for a blob', ({ tree }, _, id) => tree([{ mode: '100644', name: 'a.yaml', id }])],
  [
    'an id cut short',
    ({ tree }, id) => tree(Buffer.concat([Buffer.from('100644 a.yaml\0'), Buffer.from(id, 'hex').subarray(0, 17)])),
  ],
  ['no space after the mode', ({ tree }, id) => tree(Buffer.concat([Buffer.from('100644a.yaml\0'), Buffer.from(id, 'hex')]))],
  ['no mode', ({ tree }, id) => tree(Buffer.concat([Buffer.from(' a.yaml\0'), Buffer.from(id, 'hex')]))],
  ...['8', '10064x', '1234567890123456'].map((mode): readonly [string, Make] => [
    `mode ${mode}`,
    ({ tree }, id) => tree([{ mode, name: 'a.yaml', id }]),
  ]),
];

function pushed(remote: Remote, tree: Make, people?: string): string {
  const objects = rawObjects(remote.path);
  const blob = objects.blob('kind: ConfigMap\n');
  const folder = objects.tree([{ mode: '100644', name: 'x.yaml', id: blob }]);
  const commit = objects.commit(tree(objects, blob, folder), remote.git('rev-parse', 'main'), people);
  remote.git('update-ref', 'refs/heads/main', commit);
  return commit;
}

describe('a revision with a malformed tree', () => {
  const trees = sampled('malformed trees', HOSTILE, 6);

  test(`is refused, and the last good one stays: ${trees.length} trees`, async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const good = await source.fetch();
    const believed: string[] = [];
    for (const [name, tree] of trees) {
      pushed(remote, tree);
      await source.fetch().then(
        () => believed.push(name),
        (error: Error) => expect(error.message, name).toMatch(/^git fetch: /),
      );
      expect(source.accepted(), name).toBe(good);
      remote.git('update-ref', 'refs/heads/main', good);
    }
    expect(believed).toEqual([]);
    expect(await source.fetch()).toBe(good);
    expect(await source.files(good)).toHaveLength(1);
    console.log(`malformed trees: ${trees.length} tried, ${trees.length - believed.length} refused`);
  }, 120_000);

  test('is refused with the words of git, and what to do', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    await source.fetch();
    pushed(remote, ordered('ok.yaml', 'ok.yaml'));
    const failure = await failureOf(source.fetch());
    expect(failure).toMatchObject({ code: 'git/bad-objects', help: expect.stringContaining('git fsck') });
    expect(failure.message).toMatch(/^git fetch: object [0-9a-f]{40}: duplicateEntries: contains duplicate file entries/);
    expect(source.state().error).toBe(failure);
  });

  test('below a note does not keep out the branch', async () => {
    const remote = createRemote();
    const refused: unknown[] = [];
    const log = { ...silentLogger(), warn: (fields: unknown) => void refused.push(fields) };
    const source = sourceOf(remote.path, { log: log as ReturnType<typeof silentLogger> });
    await source.fetch();
    const objects = rawObjects(remote.path);
    const bad = objects.commit(objects.tree([{ mode: '100644', name: '..', id: objects.blob('x') }]));
    remote.git('update-ref', 'refs/notes/flux', bad);
    const next = remote.commit({ 'apps/b.yaml': 'b: 1\n' });
    expect(await source.fetch()).toBe(next);
    expect(refused).toEqual([expect.objectContaining({ ref: 'refs/notes/flux' })]);
  });
});

test('what old programs wrote into public histories still syncs', async () => {
  const remote = createRemote();
  const plain: Make = ({ tree }, id) => tree([{ mode: '100644', name: 'a.yaml', id }]);
  const committer = 'committer A <a@b> 1 +0000';
  const authors = {
    'a bad time zone': 'author A <a@b> 1 +051800',
    'no space before the e-mail address': 'author A<a@b> 1 +0000',
    'no name': 'author <a@b> 1 +0000',
    'no e-mail address': 'author A 1 +0000',
    'no space before the date': 'author A <a@b>1 +0000',
    'a date with a zero in front': 'author A <a@b> 01 +0000',
    'a date out of all range': 'author A <a@b> 99999999999999999999 +0000',
    'two authors': 'author A <a@b> 1 +0000\nauthor B <a@b> 1 +0000',
  };
  for (const author of Object.values(authors)) pushed(remote, plain, `${author}\n${committer}`);
  pushed(remote, ({ tree }, id) => tree([{ mode: '100664', name: 'a.yaml', id }]));
  const head = pushed(remote, ({ tree }, _, id) => tree([{ mode: '040000', name: 'apps', id }]));
  const source = sourceOf(remote.path);
  expect(await source.fetch()).toBe(head);
  expect(await source.files(head)).toEqual([expect.objectContaining({ path: 'apps/x.yaml', mode: '100644' })]);
  expect(await source.commits({ to: head })).toHaveLength(Object.keys(authors).length + 3);
});

test('attributes and submodules that git would refuse to read still sync: nothing reads them here', async () => {
  const remote = createRemote();
  remote.commit({ '.gitattributes': `${'x'.repeat(3000)} text\n`, '.gitmodules': '[submodule "a"]\npath = -a\nurl = -b\n' });
  const head = pushed(remote, ({ tree }, _, id) =>
    tree(['.gitattributes', '.gitmodules', 'apps'].map((name) => ({ mode: '40000', name, id }))),
  );
  const linked = pushed(remote, ({ tree }, id) => tree([{ mode: '120000', name: '.gitmodules', id }]));
  const source = sourceOf(remote.path);
  expect(await source.fetch()).toBe(linked);
  expect(await source.files(head)).toHaveLength(3);
});

test('an entry of a mode that git does not know counts as a submodule, as for git', async () => {
  const remote = createRemote();
  const modes = ['10', '170000', '60000', '777777'];
  const head = pushed(remote, ({ tree }, id) => tree(modes.map((mode) => ({ mode, name: `${mode}.yaml`, id }))));
  const source = sourceOf(remote.path);
  await source.fetch();
  expect((await source.files(head)).map(({ mode }) => mode)).toEqual(modes.map(() => '160000'));
});

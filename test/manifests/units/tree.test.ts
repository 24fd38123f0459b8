import { expect, test } from 'vitest';
import { blobId, Tree } from '../../../src/manifests/units/tree.ts';

const fileOf = (path: string, text: string, mode = '100644') => ({
  path,
  mode,
  blob: blobId(Buffer.from(text)),
  size: Buffer.byteLength(text),
});
const treeOf = (...files: readonly ReturnType<typeof fileOf>[]) => Tree.of(files, async () => Buffer.from('old'), {});

test('edits are placed among the other files in the order of git, which is that of bytes', async () => {
  const tree = await treeOf(fileOf('b', 'old', '100755'), fileOf('c/a', 'old'), fileOf('\u{ff5e}', 'old'));
  const paths = ['\u{1f600}', 'a', 'c.txt', 'b', 'c0', 'd'];
  const edited = await tree.with(
    paths.map((path) => ({ path, content: path })),
    {},
  );
  expect(edited.files).toEqual([
    fileOf('a', 'a'),
    fileOf('b', 'b', '100755'),
    fileOf('c.txt', 'c.txt'),
    fileOf('c/a', 'old'),
    fileOf('c0', 'c0'),
    fileOf('d', 'd'),
    fileOf('\u{ff5e}', 'old'),
    fileOf('\u{1f600}', '\u{1f600}'),
  ]);
  expect(await Promise.all(edited.files.map((file) => edited.read(file)))).toEqual(
    ['a', 'b', 'c.txt', 'old', 'c0', 'd', 'old', '\u{1f600}'].map((text) => Buffer.from(text)),
  );
  expect(edited.id).toBe((await treeOf(...edited.files)).id);
});

test.each(['old', 'new'])('of two texts of one path the last counts: the %s file', async (path) => {
  const tree = await treeOf(fileOf('old', 'old'));
  const edits = ['1', '2'].map((content) => ({ path, content }));
  const edited = await tree.with(edits, {});
  expect(edited.files.filter((file) => file.path === path)).toEqual([fileOf(path, '2')]);
  expect(edited.get(path)).toEqual(fileOf(path, '2'));
});

test('a file whose name is not UTF-8 is not the one that is edited', async () => {
  const undecodable = { ...fileOf('a\\xff', 'old'), undecodable: true as const };
  const edited = await (await treeOf(undecodable)).with([{ path: 'a\\xff', content: 'new' }], {});
  expect(edited.files).toEqual([fileOf('a\\xff', 'new'), undecodable]);
});

test('others have their turn between edits', async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error('stopped')));
  const tree = await treeOf();
  const edits = ['a', 'b'].map((path) => ({ path, content: '' }));
  await expect(tree.with(edits, { signal: stop.signal })).rejects.toThrow('stopped');
});

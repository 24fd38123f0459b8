import { expect, test } from 'vitest';
import { divide } from '../../../src/manifests/units/divide.ts';
import { Tree } from '../../../src/manifests/units/tree.ts';

const treeOf = (files: Readonly<Record<string, string>>) =>
  Tree.of(
    Object.entries(files).map(([path, mode]) => ({ path, mode, blob: path, size: 0 })),
    async () => Buffer.alloc(0),
    {},
  );

const CONFIG_FILES = { configFiles: true };

test.each([
  ['160000', 'it is a submodule, not a file'],
  ['040000', 'it is not a regular file'],
])('a config file of mode %s is refused with what it is', async (mode, why) => {
  const { errors, refused } = await divide(await treeOf({ 'a/.flux.yaml': mode }), ['a'], CONFIG_FILES);
  expect(errors.map(({ file, error }) => [file, error.message])).toEqual([['a/.flux.yaml', `cannot read config file: ${why}`]]);
  expect(refused).toEqual(['a/.flux.yaml']);
});

test('a path is a file or a folder, not the beginning of a name', async () => {
  const tree = await treeOf({ 'ab/c.yaml': '100644' });
  await expect(divide(tree, ['a'], CONFIG_FILES)).rejects.toMatchObject({ code: 'generation/path-missing' });
  const { units } = await divide(tree, ['ab/c.yaml'], CONFIG_FILES);
  const [unit] = units;
  expect(units).toHaveLength(1);
  const includes = unit?.renderer === 'plain' ? ['ab/c.yaml', 'ab/c.yaml.yaml', 'ab/d.yaml'].filter(unit.includes) : [];
  expect(includes).toEqual(['ab/c.yaml']);
});

test('others have their turn between paths', async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error('stopped')));
  const tree = await treeOf({ 'a/a.yaml': '100644', 'b/b.yaml': '100644' });
  await expect(divide(tree, ['a', 'b'], { ...CONFIG_FILES, signal: stop.signal })).rejects.toThrow('stopped');
});

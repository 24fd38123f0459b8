import fc from 'fast-check';
import { expect, test } from 'vitest';
import { below } from '../../../src/base/index.ts';
import { foldersWithFiles } from '../../../src/manifests/units/folders-with-files.ts';
import { Pace } from '../../../src/manifests/units/pace.ts';

const fileAt = (path: string) => ({ path, mode: '100644', blob: path, size: 0 });

test('it finds what comparing each folder with each file finds', async () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'a-', 'a0', 'é', '\u{1f600}', '\uffff'), { minLength: 1, maxLength: 4 });
  const paths = fc.array(
    path.map((names) => names.join('/')),
    { maxLength: 8 },
  );
  const included = fc.func(fc.boolean());
  await fc.assert(
    fc.asyncProperty(paths, paths, included, fc.boolean(), async (some, files, includes, withRoot) => {
      const folders = withRoot ? [...some, ''] : some;
      const found = await foldersWithFiles(folders, files.map(fileAt), includes, new Pace());
      expect([...found].sort()).toEqual(
        [...new Set(folders)].filter((folder) => files.some((file) => below(folder)(file) && includes(file))).sort(),
      );
    }),
  );
});

test('each file is looked at once for thousands of folders', async () => {
  let looks = 0;
  const files = Array.from({ length: 100 }, (_, n) => ({
    ...fileAt(''),
    get path() {
      looks += 1;
      return `a/${n}.yaml`;
    },
  }));
  const folders = Array.from({ length: 5_000 }, (_, n) => `a/${n}`);
  expect(await foldersWithFiles(folders, files, () => true, new Pace())).toEqual(new Set());
  expect(looks).toBe(files.length);
});

test('others have their turn between files', async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error('stopped')));
  const files = Array.from({ length: 2_000 }, (_, n) => fileAt(`a/${n}`));
  await expect(foldersWithFiles(['b'], files, () => true, new Pace(stop.signal))).rejects.toThrow('stopped');
});

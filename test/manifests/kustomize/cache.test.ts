import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { createManifests } from '../../../src/manifests/index.ts';
import { thorough } from '../../support/sampled.ts';
import { configMap, type Entries, revisionOf } from './checkout.ts';
import { repositories } from './real/random-repository.ts';

const K = 'kustomization.yaml';

/** Manifests whose program prints an object of the name of its folder, and counts. */
function open({ print = (folder: string) => configMap(folder.replaceAll('/', '-') || 'root') as string | undefined } = {}) {
  const built: string[] = [];
  let now = 0;
  const program = {
    build: async (folder: string) => {
      built.push(folder);
      const output = print(folder);
      return output === undefined
        ? { kind: 'failed' as const, failure: { kind: 'exit' as const, status: 1 }, stderr: '' }
        : { kind: 'built' as const, output: Buffer.from(output) };
    },
  };
  const manifests = createManifests({
    clock: { ...systemClock, monotonic: () => now },
    kustomize: { program, auto: true, timeoutMs: 1_000 },
  });
  return {
    /** The folders that are built for a revision. */
    async read(entries: Entries, { keep = true } = {}) {
      built.length = 0;
      const { files, blob } = revisionOf(entries);
      const state = await manifests.read(files, blob, { keep });
      return { built: [...built].sort(), state };
    },
    pass: (ms: number) => {
      now += ms;
    },
  };
}

/** A thousand overlays of ten bases. */
const thousand: Entries = Object.fromEntries([
  ...Array.from({ length: 10 }, (_, n) => [
    [`base${n}/${K}`, 'resources: [a.yaml]\n'],
    [`base${n}/a.yaml`, configMap(`a${n}`)],
  ]).flat(),
  ...Array.from({ length: 1_000 }, (_, n) => [
    [`o${n}/${K}`, `resources: [../base${n % 10}, b.yaml]\n`],
    [`o${n}/b.yaml`, configMap(`b${n}`)],
  ]).flat(),
]);

test('of a thousand units, those are built whose files have changed', async () => {
  const { read } = open();
  expect((await read(thousand)).built).toHaveLength(1_000);
  expect((await read(thousand)).built).toEqual([]);
  expect(
    (await read({ ...thousand, 'README.md': 'new', 'o3/notes.txt': 'x', 'base1/unused.yaml': configMap('x') })).built,
  ).toEqual([]);
  const one = { ...thousand, 'o77/b.yaml': configMap('new') };
  expect((await read(one)).built).toEqual(['o77']);
  const base = { ...one, 'base3/a.yaml': configMap('new') };
  expect((await read(base)).built).toEqual(Array.from({ length: 100 }, (_, n) => `o${10 * n + 3}`).sort());
  // Back again: what was built before is remembered.
  expect((await read(one)).built).toEqual([]);
  const { state } = await read(one);
  expect(state.manifests).toHaveLength(1_000);
  expect((await read(one)).state.manifests).toBe(state.manifests);
});

test('a reading that is not kept builds nothing that is known, and the next one builds nothing again', async () => {
  const { read } = open();
  const some = { [`o1/${K}`]: 'resources: [b.yaml]\n', 'o1/b.yaml': configMap('b'), [`o2/${K}`]: 'namespace: a\n' };
  const changed = { ...some, 'o1/b.yaml': configMap('new') };
  await read(some);
  expect((await read(changed, { keep: false })).built).toEqual(['o1']);
  expect((await read(changed)).built).toEqual([]);
  expect((await read(some)).built).toEqual([]);
});

test('a mode, and the place of a unit, are inputs', async () => {
  const { read } = open();
  await read({ [`a/${K}`]: 'namespace: a\n' });
  expect((await read({ [`a/${K}`]: { mode: '100755', content: 'namespace: a\n' } })).built).toEqual(['a']);
  expect((await read({ [`b/${K}`]: 'namespace: a\n' })).built).toEqual(['b']);
});

test('a failure is tried again after its time, and at once when a file changes', async () => {
  let output: string | undefined;
  const { read, pass } = open({ print: () => output });
  const files = { [`a/${K}`]: 'namespace: a\n' };
  expect((await read(files)).built).toEqual(['a']);
  // The first pause is 10 to 20 s, and each one longer than the one before.
  pass(9_000);
  expect(await read(files)).toMatchObject({ built: [], state: { errors: [{ file: `a/${K}` }], unsettled: true } });
  pass(12_000);
  expect((await read(files)).built).toEqual(['a']);
  pass(19_000);
  expect((await read(files)).built).toEqual([]);
  expect((await read({ [`a/${K}`]: 'namespace: b\n' })).built).toEqual(['a']);
  output = configMap('good');
  pass(700_000);
  expect(await read(files)).toMatchObject({ built: ['a'], state: { errors: [] } });
  expect((await read(files)).built).toEqual([]);
});

test.runIf(thorough('a revision of 80 MiB'))(
  'a revision that is larger than the cache is not built again once it is kept',
  async () => {
    const { read } = open({ print: (folder) => configMap(folder, 'x'.repeat(2 << 20)) });
    const files: Entries = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`a${n}/${K}`, `namespace: a${n}\n`]));
    expect((await read(files)).built).toHaveLength(40);
    expect((await read(files)).built).toEqual([]);
    expect((await read({ ...files, [`a1/${K}`]: 'namespace: new\n' })).built).toEqual(['a1']);
  },
);

test('random repositories: nothing but a change of an input builds a unit again, and that does', async () => {
  await fc.assert(
    fc.asyncProperty(repositories, fc.nat(), async ({ files }, chosen) => {
      const { read } = open();
      const before = await read(files);
      expect(before).toMatchObject({ built: ['top'], state: { errors: [] } });
      const { files: listed } = revisionOf(files);
      const { path } = listed[chosen % listed.length] ?? { path: '' };
      const entry = files[path];
      if (typeof entry !== 'string') return;
      const isRead = !/unused/.test(path) && !(path.includes('/real/') && files[path.replace('/real/', '/sub/')] !== undefined);
      const changed = path.endsWith('json') || entry.startsWith('{') ? `${entry} ` : `${entry}# new\n`;
      expect((await read({ ...files, [path]: changed })).built, path).toEqual(isRead ? ['top'] : []);
      expect((await read({ ...files, 'top/new.yaml': 'x', 'top/sub2/new': 'x', 'new/x': 'x' })).built).toEqual([]);
    }),
    { numRuns: process.env.FAULTS === 'all' ? 1_000 : 40 },
  );
});

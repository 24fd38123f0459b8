import { expect, test } from 'vitest';
import { renderingDoubt, type UnitsBefore, unitCounts } from '../../../src/controller/sync/rendering-doubt.ts';
import { createManifests } from '../../../src/manifests/index.ts';
import { configMap, type Entries, lines, revisionOf } from '../../manifests/kustomize/checkout.ts';

const K = 'kustomization.yaml';
const FILES: Entries = {
  [`app/${K}`]: 'resources: [../base]\n',
  [`base/${K}`]: 'resources: [a.yaml]\n',
  'base/a.yaml': configMap('a'),
  'plain/b.yaml': configMap('b'),
};

/** What a sync knows of the units of a revision. */
async function counted(
  files: Entries,
  options: { readonly auto?: boolean; readonly before?: UnitsBefore; readonly output?: string } = {},
) {
  const { auto = true, before = { state: 'first' }, output = configMap('built') } = options;
  const program = {
    build: async () =>
      output === ''
        ? { kind: 'failed' as const, failure: { kind: 'exit' as const, status: 1 }, stderr: '' }
        : { kind: 'built' as const, output: Buffer.from(output) },
  };
  const manifests = createManifests(auto ? { kustomize: { program, auto, timeoutMs: 1_000 } } : {});
  const { files: listed, blob } = revisionOf(files);
  return unitCounts(await manifests.read(listed, blob), before);
}

const doubtOf = async (files: Entries, options: Omit<Parameters<typeof counted>[1], 'before'> = {}) => {
  const before = { state: 'known', counts: await counted(FILES) } as const;
  return renderingDoubt(before, await counted(files, { ...options, before }));
};

test.each<
  [what: string, files: Entries, options: { readonly auto?: boolean; readonly output?: string }, doubt: string | undefined]
>([
  ['nothing changed', FILES, {}, undefined],
  ['a build that fails counts as before', FILES, { output: '' }, undefined],
  ['a kustomization that cannot be read counts as before', { ...FILES, [`app/${K}`]: 'resources: [../base\n' }, {}, undefined],
  [
    'a kustomization that may not be built counts as before',
    { ...FILES, [`app/${K}`]: 'resources: [https://evil.example/a]\n' },
    {},
    `base/${K} was not rendered before`,
  ],
  ['switched off', FILES, { auto: false }, `app/${K} was rendered before, and is not any more`],
  ['an overlay that is gone, so that its base is built for itself', without(`app/${K}`), {}, `base/${K} was not rendered before`],
  ['one more', { ...FILES, [`other/${K}`]: 'namespace: a\n' }, {}, `other/${K} was not rendered before`],
  [
    'another name of the file',
    { ...without(`app/${K}`), 'app/kustomization.yml': 'resources: [../base]\n' },
    {},
    'app/kustomization.yml was not rendered before',
  ],
])('deletions are held where they may follow from another way to render: %s', async (_, files, options, doubt) => {
  expect(await doubtOf(files, options)).toBe(doubt);
});

test('switched on', async () => {
  const before = { state: 'known', counts: await counted(FILES, { auto: false }) } as const;
  expect(renderingDoubt(before, await counted(FILES, { before }))).toBe(`app/${K} was not rendered before`);
});

test('much less than before', async () => {
  const before = {
    state: 'known',
    counts: await counted(FILES, { output: lines(...['a', 'b', 'c'].map((name) => `---\n${configMap(name)}`)) }),
  } as const;
  expect(renderingDoubt(before, await counted(FILES, { before }))).toBe(`app/${K} renders 1 object, and rendered 3 before`);
});

function without(path: string): Entries {
  const { [path]: _, ...rest } = FILES;
  return rest;
}

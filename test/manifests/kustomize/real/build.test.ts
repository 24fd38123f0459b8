import { expect, test } from 'vitest';
import { configMap, type Entries, lines, link } from '../checkout.ts';
import { open } from './program.ts';

const K = 'kustomization.yaml';
const GOOD: Entries = { [`good/${K}`]: 'resources: [a.yaml]\n', 'good/a.yaml': configMap('good') };

test('one that fails is named with the words of kustomize, and others go on', async () => {
  const files = {
    ...GOOD,
    [`bad/${K}`]: 'resources: [a.yaml]\npatches: [{ path: p.yaml }]\n',
    'bad/a.yaml': configMap('a'),
    'bad/p.yaml': configMap('b'),
  };
  const { manifests, errors, unsettled } = await open().read(files);
  expect(manifests.map(({ object }) => object.metadata.name)).toEqual(['good']);
  expect(unsettled).toBe(true);
  expect(errors.map(({ file, error }) => [file, error.message])).toEqual([
    [
      `bad/${K}`,
      expect.stringMatching(/^kustomize build failed: exit status 1\nerror output:\nno resource matches strategic merge patch/),
    ],
  ]);
  expect(errors[0]?.error.message).not.toMatch(/\/tmp|own/);
});

test('a name that kustomize resolves to a path shows it as it is in the repository', async () => {
  const { errors } = await open({ verbatim: true }).read({ [`a/${K}`]: 'resources: [b.yaml]\n', 'a/b.yaml': 'kind: "\n' });
  expect(errors[0]?.error.message).toContain('exit status 1');
  expect(errors[0]?.error.message).not.toMatch(/\/tmp|\/files/);
});

/** Twice as many objects with each level. */
function doubling(object: string): Entries {
  const levels = Array.from({ length: 20 }, (_, n) => ({
    [`l${n + 1}/${K}`]: 'resources: [a, b]\n',
    [`l${n + 1}/a/${K}`]: `resources: [../../l${n}]\nnamePrefix: a\n`,
    [`l${n + 1}/b/${K}`]: `resources: [../../l${n}]\nnamePrefix: b\n`,
  }));
  return Object.assign({ [`l0/${K}`]: 'resources: [a.yaml]\n', 'l0/a.yaml': object }, ...levels);
}

test('one that explodes is stopped at its memory, and others go on (S-027)', async () => {
  // A value of two characters takes about 200 bytes.
  const large = `apiVersion: v1\nkind: Thing\nmetadata: { name: x }\nspec: [${'1,'.repeat(7_000_000)}1]\n`;
  const files = { ...GOOD, [`large/${K}`]: 'resources: [a.yaml]\n', 'large/a.yaml': large };
  const { manifests, errors } = await open({ timeoutMs: 600_000 }).read(files);
  expect(manifests.map(({ object }) => object.metadata.name)).toEqual(['good']);
  const message = 'kustomize build failed: it exceeded the limit of memory, 512 MiB';
  expect(errors).toMatchObject([{ file: `large/${K}`, error: { message } }]);
});

test('one that takes too long is ended', async () => {
  const { errors } = await open({ timeoutMs: 200 }).read(doubling(configMap('x')));
  expect(errors).toMatchObject([{ file: `l20/${K}`, error: { code: 'kustomize/timed-out' } }]);
});

test('nothing at all is an error', async () => {
  const { errors } = await open().read({ [`a/${K}`]: 'resources: [a.yaml]\n', 'a/a.yaml': '# nothing\n' });
  expect(errors).toMatchObject([{ file: `a/${K}`, error: { code: 'kustomize/empty-output' } }]);
});

const ORIGIN = 'config.kubernetes.io/origin';
const NESTED: Entries = {
  [`app/${K}`]: lines(
    'resources: [own.yaml, ../base, "my file.yaml", "sub/#1: x.yaml"]',
    'components: [../component]',
    'configMapGenerator: [{ name: generated, literals: [a=b] }]',
    'generators: [plugin.yaml]',
    'secretGenerator: [{ name: base, behavior: merge, literals: [c=d] }]',
  ),
  'app/own.yaml': configMap('own').replace('  name: own', '  name: own\n  annotations: { a: b }'),
  'app/my file.yaml': configMap('blank'),
  'app/sub/#1: x.yaml': configMap('odd'),
  'app/plugin.yaml': lines('apiVersion: builtin', 'kind: ConfigMapGenerator', 'metadata: { name: plugged }', 'literals: [a=b]'),
  [`base/${K}`]: 'resources: [../deep, l.yaml]\nsecretGenerator: [{ name: base, literals: [a=b] }]\n',
  'base/l.yaml': link('real.yaml'),
  'base/real.yaml': configMap('linked'),
  [`deep/${K}`]: 'resources: [x/y.yaml]\n',
  'deep/x/y.yaml': configMap('deep'),
  [`component/${K}`]: 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [c.yaml]\n',
  'component/c.yaml': configMap('component'),
};

test('each object is known by its file, and the annotation that says so is no part of it', async () => {
  const { manifests, errors } = await open({ origins: true }).read(NESTED);
  expect(errors).toEqual([]);
  const origins = manifests.map(({ object, place }) => [
    object.metadata.name.split('-')[0],
    'unit' in place ? place.origin?.file : undefined,
  ]);
  expect(Object.fromEntries(origins)).toEqual({
    own: 'app/own.yaml',
    blank: 'app/my file.yaml',
    odd: 'app/sub/#1: x.yaml',
    generated: `app/${K}`,
    plugged: 'app/plugin.yaml',
    base: `base/${K}`,
    linked: 'base/l.yaml',
    deep: 'deep/x/y.yaml',
    component: 'component/c.yaml',
  });
  expect(JSON.stringify(manifests.map(({ object }) => object))).not.toContain(ORIGIN);
  expect(manifests.find(({ object }) => object.metadata.name === 'own')?.object.metadata.annotations).toEqual({ a: 'b' });
});

test.each(['buildMetadata: [originAnnotations]', 'buildMetadata: [originAnnotations, managedByLabel]'])(
  'the annotation stays with %s',
  async (metadata) => {
    const { manifests } = await open().read({ ...GOOD, [`good/${K}`]: `resources: [a.yaml]\n${metadata}\n` });
    expect(manifests.map(({ object }) => object.metadata.annotations)).toEqual([{ [ORIGIN]: 'path: a.yaml\n' }]);
  },
);

test('an annotation of the sources is dropped, as kustomize does', async () => {
  const written = configMap('a').replace('  name: a', `  name: a\n  annotations: { ${ORIGIN}: "path: evil.yaml" }`);
  for (const metadata of ['', 'buildMetadata: [managedByLabel]\n']) {
    const { manifests } = await open().read({ [`a/${K}`]: `resources: [a.yaml]\n${metadata}`, 'a/a.yaml': written });
    expect(manifests.map(({ object }) => object.metadata.annotations)).toEqual([undefined]);
  }
});

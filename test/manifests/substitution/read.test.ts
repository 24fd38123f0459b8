import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  createManifests,
  listingOf,
  ManifestThread,
  type ObjectChange,
  type ValueObjects,
} from '../../../src/manifests/index.ts';
import type { DesiredState } from '../../../src/resource/index.ts';

const thread = new ManifestThread();

/** Objects with variables: those whose names begin with SECRET are of a Secret. */
function variables(
  values: Readonly<Record<string, string>>,
  version = createHash('sha256').update(JSON.stringify(values)).digest('hex'),
): ValueObjects {
  const of = (isSecret: boolean) => ({
    kind: 'present' as const,
    version: `${version} ${isSecret}`,
    data: Object.fromEntries(Object.entries(values).filter(([name]) => name.startsWith('SECRET') === isSecret)),
  });
  const byName = new Map([
    ['configmap/settings', of(false)],
    ['secret/passwords', of(true)],
  ]);
  return { kind: 'read', byName, optional: false };
}

const UNKNOWN: ValueObjects = {
  kind: 'read',
  byName: new Map([['configmap/settings', { kind: 'unreadable', why: 'no answer' }]]),
  optional: false,
};

/** Manifests whose variables can be set anew. */
function manifestsWith(first: ValueObjects) {
  let current = first;
  const manifests = createManifests({ thread, valueObjects: async () => current });
  return {
    set: (next: ValueObjects) => {
      current = next;
    },
    read: (files: Readonly<Record<string, string>>): Promise<DesiredState> => {
      const listing = listingOf(Object.entries(files).map(([path, content]) => ({ path, content })));
      return manifests.read(listing.files, listing.blob);
    },
  };
}

const read = (text: string, values: ValueObjects = variables({})) => manifestsWith(values).read({ 'a.yaml': text });
const codes = ({ errors }: DesiredState) => errors.map(({ error }) => error.code);
const map = (data: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n${data}`;
const web = (spec: string) => `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n${spec}`;

async function objectOf(text: string, values: ValueObjects) {
  const { manifests, errors } = await read(text, values);
  expect(errors).toEqual([]);
  return manifests[0]?.object;
}

describe('a scalar that is one variable', () => {
  test.each([
    ['3', 3],
    ['-1.5', -1.5],
    ['0', 0],
    ['true', true],
    ['false', false],
    ['1.10', '1.10'],
    ['1.0', '1.0'],
    ['01', '01'],
    ['0x10', '0x10'],
    ['1e3', '1e3'],
    ['yes', 'yes'],
    ['null', 'null'],
    ['', ''],
    ['12345678901234567890', '12345678901234567890'],
    ['text', 'text'],
  ])('has without quotes the type of %s, and is text with quotes', async (value, expected) => {
    const text = web(
      '  a: ${V}\n  b: "${V}"\n  c: \'${V}\'\n  d: |-\n    ${V}\n  e: x${V}\n  f: &f ${V}\n  g: *f\n  h: !!str ${V}\n',
    );
    expect(await objectOf(text, variables({ V: value }))).toMatchObject({
      spec: { a: expected, b: value, c: value, d: value, e: `x${value}`, f: expected, g: expected, h: value },
    });
  });
});

test('a value changes no structure', async () => {
  const value = '"}\n---\nkind: Secret # ${V}\n\t';
  const object = await objectOf(map('  one: "${V}"\n  other: ${V}\n'), variables({ V: value }));
  expect(object).toMatchObject({ data: { one: value, other: value } });
});

test('names and namespaces may have variables; what is wrong with one is found with its value', async () => {
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a-${V}\n  namespace: ${V}\n';
  expect(await objectOf(text, variables({ V: 'x' }))).toMatchObject({ metadata: { name: 'a-x', namespace: 'x' } });
  expect(codes(await read(text, variables({ V: 'A/B' })))).toEqual(['manifests/bad-object']);
});

test('keys have no variables', async () => {
  expect(await objectOf(map('  "${V}": a\n'), variables({ V: 'x' }))).toMatchObject({ data: { '${V}': 'a' } });
});

test('a missing value refuses its object by place, and no other', async () => {
  const files = {
    'a.yaml': `${map('  a: b\n')}---\n${web('  a: ${V}\n')}`,
    'b.yaml': map('  a: b\n').replace('name: a', 'name: b'),
  };
  const { manifests, errors } = await manifestsWith(variables({})).read(files);
  expect(manifests.map(({ object }) => object.metadata.name)).toEqual(['a', 'b']);
  expect(errors).toEqual([expect.objectContaining({ file: 'a.yaml', document: 2, line: 8 })]);
});

test.each([
  'annotations: { fluxcd.io/substitute: disabled }',
  'annotations: { kustomize.toolkit.fluxcd.io/substitute: disabled }',
  'labels: { kustomize.toolkit.fluxcd.io/substitute: disabled }',
])('an object with %s has no variables', async (metadata) => {
  const text = map('  a: ${V} $${V}\n').replace('name: a', `name: a\n  ${metadata}`);
  expect(await objectOf(text, variables({ V: 'x' }))).toMatchObject({ data: { a: '${V} $${V}' } });
});

describe('the value of a Secret', () => {
  const secret = map('  a: ${SECRET}\n').replace('ConfigMap', 'Secret').replace('\ndata:', '\nstringData:');

  test('becomes part of a Secret', async () => {
    expect(await objectOf(secret, variables({ SECRET: 'hunter2' }))).toMatchObject({ stringData: { a: 'hunter2' } });
  });

  test('becomes no part of anything else, and the error does not show it', async () => {
    const state = await read(map('  a: ${SECRET}\n'), variables({ SECRET: 'hunter2' }));
    expect(codes(state)).toEqual(['substitution/secret']);
    expect(JSON.stringify([state.manifests, state.errors.map(({ error }) => [error.message, error.help])])).not.toContain(
      'hunter2',
    );
  });

  test.each([
    ['a name', 'name: a', 'name: a.${SECRET}'],
    ['an annotation', 'name: a', 'name: a\n  annotations: { x: "${SECRET}" }'],
    ['a label', 'name: a', 'name: a\n  labels: { x: "${SECRET}" }'],
    ['the type', 'stringData:', 'type: ${SECRET}\nstringData:'],
    ['the whole data', 'stringData:\n  a: ${SECRET}', 'other:\n  data: ${SECRET}'],
  ])('becomes no part of %s of a Secret, which is shown', async (_, before, after) => {
    const state = await read(
      secret.replace(before, () => after),
      variables({ SECRET: 'hunter2' }),
    );
    expect([codes(state), state.manifests]).toEqual([['substitution/secret'], []]);
  });

  test('is not in the checksum, which differs with its version all the same', async () => {
    const checksum = async (value: string, version: string) =>
      (await read(secret, variables({ SECRET: value }, version))).manifests[0]?.checksum;
    expect(await checksum('hunter2', '1')).toBe(await checksum('other', '1'));
    expect(await checksum('hunter2', '1')).not.toBe(await checksum('hunter2', '2'));
  });
});

test('without a variable, an object is what it is without substitution, its checksum included', async () => {
  const text = map('  a: b\n');
  const { files, blob } = listingOf([{ path: 'a.yaml', content: text }]);
  const [usual] = (await createManifests({ thread }).read(files, blob)).manifests;
  expect((await read(text)).manifests[0]).toEqual(usual);
});

test('new values are seen at the next reading of the same files; the others are the same objects', async () => {
  const manifests = manifestsWith(variables({ V: 'one' }));
  const files = { 'a.yaml': map('  a: ${V}\n'), 'b.yaml': map('  a: b\n').replace('name: a', 'name: b') };
  const first = await manifests.read(files);
  expect(first.unsettled).toBe(true);
  expect((await manifests.read(files)).manifests).toBe(first.manifests);
  manifests.set(variables({ V: 'two' }));
  const second = await manifests.read(files);
  expect(second.manifests[0]?.object).toMatchObject({ data: { a: 'two' } });
  expect(second.manifests[0]?.checksum).not.toBe(first.manifests[0]?.checksum);
  expect(second.manifests[1]).toBe(first.manifests[1]);
});

test('while values are not known, what has variables is refused, and comes back with them', async () => {
  const manifests = manifestsWith(UNKNOWN);
  const files = { 'a.yaml': map('  a: ${V:=x}\n'), 'b.yaml': map('  a: b\n').replace('name: a', 'name: b') };
  const refused = await manifests.read(files);
  expect([codes(refused), refused.manifests.length]).toEqual([['substitution/not-known'], 1]);
  manifests.set(variables({ V: 'one' }));
  expect(codes(await manifests.read(files))).toEqual([]);
});

describe('values that are long', () => {
  const long = 'x'.repeat(1_000_000);

  test('make an object too large, by its size with them', async () => {
    const data = [...Array(4).keys()].map((n) => `  a${n}: \${V}\n`).join('');
    expect(codes(await read(map(data), variables({ V: long })))).toEqual(['manifests/object-too-large']);
  });

  test('fill a file up to its limit, and no memory', async () => {
    const text = [...Array(2_000).keys()].map(() => map('  a: ${V}\n')).join('---\n');
    const { manifests, errors } = await read(text, variables({ V: long }));
    expect(manifests.length).toBe(16);
    expect(new Set(errors.map(({ error }) => error.code))).toEqual(new Set(['substitution/too-long', 'manifests/more-problems']));
  });
});

test('what a unit renders has variables too; a missing value refuses the unit as a whole', async () => {
  let current = variables({});
  const output = Buffer.from(`${map('  a: ${V}\n')}---\n${map('  a: b\n').replace('name: a', 'name: b')}`);
  const manifests = createManifests({
    thread,
    paths: ['app', 'plain'],
    valueObjects: async () => current,
    generation: {
      runner: { run: async () => ({ kind: 'succeeded', outputs: [output], changed: [] }) },
      environment: {},
      timeoutMs: 1_000,
    },
  });
  const { files, blob } = listingOf([
    { path: 'app/.flux.yaml', content: 'version: 1\npatchUpdated:\n  generators:\n  - command: make\n  patchFile: patch.yaml\n' },
    { path: 'plain/a.yaml', content: map('  a: b\n').replace('name: a', 'name: plain') },
  ]);
  const names = async () => {
    const state = await manifests.read(files, blob);
    return [...state.manifests.map(({ object }) => object.metadata.name), ...codes(state)];
  };
  expect(await names()).toEqual(['plain', 'substitution/no-value']);
  current = variables({ V: 'x' });
  expect(await names()).toEqual(['plain', 'a', 'b']);
});

test('an image with a variable is not edited in what renders it, so that no value enters a commit', async () => {
  const web =
    'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: registry.${V}/web:1.4\n';
  const program = { build: async () => ({ kind: 'built', output: Buffer.from(web) }) as const };
  const manifests = createManifests({
    thread,
    valueObjects: async () => variables({ V: 'example.org' }),
    kustomize: { program, auto: true, timeoutMs: 1_000 },
  });
  const { files, blob } = listingOf([
    { path: 'kustomization.yaml', content: 'resources: [web.yaml]\n' },
    { path: 'web.yaml', content: web },
  ]);
  const [manifest] = (await manifests.read(files, blob)).manifests;
  if (!manifest || !('unit' in manifest.place)) throw new Error('it is not rendered');
  expect(JSON.stringify(manifest.object)).toContain('registry.example.org/web:1.4');
  const images = new Map([['web', 'registry.example.org/web:1.5']]);
  const change: ObjectChange = { id: 'default:deployment/web', manifest, change: { kind: 'images', images } };
  await expect(manifests.editUnit(manifest.place.unit, [change], { files, blob, edits: [] })).rejects.toMatchObject({
    code: 'manifests/variable',
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { Desired } from '../../src/controller/ports/desired.ts';
import { createManifests, ManifestThread } from '../../src/manifests/index.ts';
import type { TreeFile } from '../../src/repository/index.ts';
import { type DesiredState, formatPlace } from '../../src/resource/index.ts';
import { thorough } from '../support/sampled.ts';
import { countTurns } from '../support/turns.ts';

type Content = string | Buffer | { readonly link: string } | { readonly submodule: true };

/** A repository in memory: paths with their content, served by blob id. */
function repository(contents: Readonly<Record<string, Content>>) {
  const blobs = new Map<string, Buffer>();
  const files = Object.entries(contents).map(([path, content]): TreeFile => {
    if (typeof content === 'object' && 'submodule' in content) return { path, mode: '160000', blob: 'c'.repeat(40), size: 0 };
    const link = typeof content === 'object' && 'link' in content;
    const bytes = Buffer.from(link ? content.link : content);
    const blob = createHash('sha1').update(bytes).digest('hex');
    blobs.set(blob, bytes);
    return { path, mode: link ? '120000' : '100644', blob, size: bytes.length };
  });
  const blob = vi.fn(async (id: string) => {
    const bytes = blobs.get(id);
    if (!bytes) throw new Error(`no blob ${id}`);
    return bytes;
  });
  return { files, blob };
}

/** One for all: each costs a quarter of a second. */
const thread = new ManifestThread();

function read(contents: Readonly<Record<string, Content>>): Promise<DesiredState> {
  const { files, blob } = repository(contents);
  return createManifests({ thread }).read(files, blob);
}

function configMap(name: string, more = ''): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}`;
}

function names({ manifests }: DesiredState): string[] {
  return manifests.map(({ object }) => `${object.kind}/${object.metadata.name}`);
}

function codes(problems: DesiredState['errors']): string[] {
  return problems.map(({ error }) => error.code);
}

test('the reader is what the controller asks for', () => {
  const desired: Desired = createManifests();
  expect(desired).toBeDefined();
});

describe('documents and objects', () => {
  test.each([
    ['LOAD-1 nothing', '', []],
    ['LOAD-1 only comments', '# a\n---\n# b\n', []],
    ['LOAD-5 markers behind a document', `${configMap('a')}---\n...\n---\n...\n---\n...\n`, ['ConfigMap/a']],
    [
      'LOAD-8 a List',
      `kind: List\napiVersion: v1\nitems:\n- ${configMap('a').replaceAll('\n', '\n  ')}\n- ${configMap('b').replaceAll('\n', '\n  ')}`,
      ['ConfigMap/a', 'ConfigMap/b'],
    ],
    [
      'any kind that ends in List',
      `kind: ConfigMapList\napiVersion: v1\nitems:\n- ${configMap('a').replaceAll('\n', '\n  ')}`,
      ['ConfigMap/a'],
    ],
    [
      'a typed List whose items do not say what they are',
      `kind: WidgetList\napiVersion: x.io/v1\nitems:\n- metadata: {name: a}\n- kind: Gadget\n  metadata: {name: b}\n- kind: ConfigMap\n  apiVersion: v1\n  metadata: {name: c}\n`,
      ['Widget/a', 'Gadget/b', 'ConfigMap/c'],
    ],
    ['a List without items', 'kind: List\napiVersion: v1\nitems: []\n---\nkind: List\nitems: null\n', []],
    ['a List in a List', `{kind: List, items: [{kind: List, items: [{apiVersion: v1, kind: X, metadata: {name: a}}]}]}`, ['X/a']],
    ['a kind of its own that ends in List', 'apiVersion: x.io/v1\nkind: ShoppingList\nmetadata: {name: a}\n', ['ShoppingList/a']],
    ['JSON', JSON.stringify({ apiVersion: 'v1', kind: 'X', metadata: { name: 'a' } }, null, '\t'), ['X/a']],
    ['null where nothing is meant', configMap('a', '  namespace: null\n  labels: ~\n  annotations:\n'), ['ConfigMap/a']],
  ])('%s', async (_, text, expected) => {
    const desired = await read({ 'a.yaml': text });
    expect(desired.errors).toEqual([]);
    expect(desired.warnings).toEqual([]);
    expect(names(desired)).toEqual(expected);
  });

  test('LOAD-2 a namespace is as written, none stays none', async () => {
    const { manifests } = await read({
      'a.yaml': `${configMap('a')}---\n${configMap('b', '  namespace: b-ns\n')}---\n${configMap('c', '  namespace: ""\n')}`,
    });
    expect(manifests.map(({ object }) => object.metadata.namespace)).toEqual([undefined, 'b-ns', undefined]);
  });

  test('LOAD-4 an object of nearly 1 MiB', async () => {
    expect(names(await read({ 'a.yaml': configMap('big', `data:\n  x: ${'y'.repeat(1_000_000)}\n`) }))).toEqual([
      'ConfigMap/big',
    ]);
  });

  test('R-020 what looks like a manifest that lost its kind is an error: its object has not left Git', async () => {
    const desired = await read({ 'a.yaml': 'apiVersion: v1\n# kind: ConfigMap\nmetadata: {name: a}\n' });
    expect(desired.errors).toMatchObject([{ file: 'a.yaml', document: 1, error: { code: 'manifests/no-kind' } }]);
    expect(desired.warnings).toEqual([]);
  });

  test('LOAD-10 a document without kind is left out with a warning', async () => {
    const desired = await read({ 'a.yaml': `replicas: 3\n---\n${configMap('a')}` });
    expect(names(desired)).toEqual(['ConfigMap/a']);
    expect(desired.warnings).toMatchObject([{ file: 'a.yaml', document: 1, line: 1, error: { code: 'manifests/no-kind' } }]);
    expect(desired.errors).toEqual([]);
  });

  test('a kustomization is left out with a warning', async () => {
    const desired = await read({
      'kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\nnamePrefix: a-\n',
    });
    expect([codes(desired.warnings), codes(desired.errors)]).toEqual([['manifests/kustomization'], []]);
  });

  test('LOAD-31 the checksum is of the canonical form, not of comments, order and style', async () => {
    const { manifests } = await read({
      'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: t\n',
      'b.json': '{"kind": "ConfigMap", "metadata": {"name": "t"}, "apiVersion": "v1"}',
      'c.yml': '# c\nkind: "ConfigMap" # d\nmetadata: {name: t}\napiVersion: v1\n',
    });
    // Flux v1's checksum of the same object.
    expect(new Set(manifests.map(({ checksum }) => checksum))).toEqual(new Set(['7e15edd6c1f9c26a18a857b8cb1ef45a5a2598fb']));
    expect(manifests.map(({ place }) => place.file)).toEqual(['a.yaml', 'b.json', 'c.yml']);
  });

  test('LOAD-32 each manifest knows its file, document, line and item', async () => {
    const list = `kind: List\nitems:\n- ${configMap('b').trimEnd().replaceAll('\n', '\n  ')}\n- ${configMap('c').trimEnd().replaceAll('\n', '\n  ')}\n`;
    const { manifests } = await read({ 'x/a.yaml': `# top\n---\n\n${configMap('a')}---\n${list}` });
    expect(manifests.map(({ place }) => formatPlace(place))).toEqual([
      'x/a.yaml:4 (document 1)',
      'x/a.yaml:11 (document 2, item 1)',
      'x/a.yaml:15 (document 2, item 2)',
    ]);
  });

  test('a key given twice is a warning with its place, and the last one counts', async () => {
    const desired = await read({ 'a.yaml': configMap('a', 'data:\n  x: "1"\n  x: "2"\n') });
    expect(desired.manifests[0]?.object).toMatchObject({ data: { x: '2' } });
    expect(desired.warnings).toMatchObject([
      { file: 'a.yaml', document: 1, line: 7, column: 3, error: { code: 'manifests/duplicate-key' } },
    ]);
    expect(desired.errors).toEqual([]);
  });
});

describe('files', () => {
  test('LOAD-13, LOAD-14, LOAD-16 which are read', async () => {
    const desired = await read({
      'README.md': 'words',
      words: 'words',
      'a.yaml': configMap('a'),
      'b.yml': configMap('b'),
      'c.json': '{"apiVersion": "v1", "kind": "X", "metadata": {"name": "c"}}',
      'D.YAML': configMap('d'),
      '.hidden/e.yaml': configMap('e'),
      'charts/x/Chart.yaml': 'name: {{ x }}',
      'charts/x/values.yaml': '{{ x }}',
      'charts/x/templates/deep/f.yaml': '{{ x }}',
      'half/Chart.yaml': configMap('g'),
      'half/h.yaml': configMap('h'),
    });
    expect(desired.errors).toEqual([]);
    expect(names(desired).map((name) => name.split('/')[1])).toEqual(['a', 'b', 'c', 'e', 'g', 'h']);
  });

  test('JSON files that hold no manifests are a warning, however broken', async () => {
    const desired = await read({
      'package.json': '{"name": "x"}',
      'tsconfig.json': '{ // comment\n}',
      'bad.json': '{"apiVersion": "v1",',
    });
    expect(codes(desired.warnings)).toEqual(['manifests/no-kind', 'manifests/no-kind']);
    expect(desired.errors).toMatchObject([{ file: 'bad.json', error: { code: 'yaml/bad-syntax' } }]);
  });

  test('S-007 links are followed inside of the repository only, and nothing is read twice', async () => {
    const desired = await read({
      'base/real.txt': configMap('real'),
      'base/a.yaml': configMap('a'),
      'x/one.yaml': { link: '../base/real.txt' },
      'x/two.yaml': { link: 'one.yaml' },
      'x/a.yaml': { link: '../base/a.yaml' },
      'x/dir': { link: '../../elsewhere' },
      'bad/absolute.yaml': { link: '/etc/passwd' },
      'bad/token.yml': { link: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
      'bad/up.json': { link: '../../outside.yaml' },
      'bad/missing.yaml': { link: 'gone.yaml' },
      'bad/directory.yaml': { link: '../base' },
      'bad/itself.yaml': { link: 'itself.yaml' },
      'bad/loop1.yaml': { link: 'loop2.yaml' },
      'bad/loop2.yaml': { link: './loop1.yaml' },
      'bad/long.yaml': { link: `${'x/'.repeat(3000)}y` },
      ...Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [`chain/${i}.yaml`, { link: i === 39 ? '../base/a.yaml' : `${i + 1}.yaml` }]),
      ),
    });
    expect(desired.manifests.map(({ place, object }) => [place.file, object.metadata.name])).toEqual([
      ['base/a.yaml', 'a'],
      ['base/real.txt', 'real'],
    ]);
    expect(new Set(codes(desired.errors))).toEqual(new Set(['manifests/symlink-refused']));
    const refused = desired.errors.map(({ file = '' }) => file);
    expect(refused.filter((file) => file.startsWith('bad/'))).toHaveLength(9);
    expect(refused.filter((file) => file.startsWith('chain/'))).toHaveLength(30);
    for (const { file, error } of desired.errors) expect(error.message).toContain(`symbolic link ${file} `);
  });

  test('a submodule under the name of a manifest is an error: what stood there may be wanted still', async () => {
    const desired = await read({ 'vendor.yaml': { submodule: true }, 'a.yaml': configMap('a') });
    expect([codes(desired.warnings), codes(desired.errors)]).toEqual([[], ['manifests/submodule-ignored']]);
  });

  test('a file whose name is not UTF-8 is refused by name, where it may be a manifest; the others are read', async () => {
    const { files, blob } = repository({ 'caf\\xe8.yaml': configMap('e'), 'caf\\xe8.txt': 'x', 'a.yaml': configMap('a') });
    const named = files.map((file): TreeFile => (file.path === 'a.yaml' ? file : { ...file, undecodable: true }));
    const desired = await createManifests().read(named, blob);
    expect([codes(desired.errors), names(desired)]).toEqual([['manifests/bad-name'], ['ConfigMap/a']]);
    expect(desired.errors[0]).toMatchObject({ file: 'caf\\xe8.yaml' });
  });

  test('a chart in a directory whose name is not UTF-8 hides no other', async () => {
    const { files, blob } = repository({
      '\\xe8/Chart.yaml': 'a: 1\n',
      '\\xe8/values.yaml': 'a: 1\n',
      '\\xe8/a.yaml': configMap('a'),
    });
    const named = files.map((file): TreeFile => (file.path.endsWith('a.yaml') ? file : { ...file, undecodable: true }));
    const desired = await createManifests().read(named, blob);
    expect([codes(desired.errors), names(desired)]).toEqual([['manifests/bad-name', 'manifests/bad-name'], ['ConfigMap/a']]);
  });

  test('a file above the limit is refused by name and never fetched, and the others are read', async () => {
    const { files, blob } = repository({ 'large.yaml': configMap('large'), 'a.yaml': configMap('a') });
    const sized = files.map((file) => (file.path === 'large.yaml' ? { ...file, size: (16 << 20) + 1 } : file));
    const desired = await createManifests().read(sized, blob);
    expect([codes(desired.errors), names(desired)]).toEqual([['manifests/file-too-large'], ['ConfigMap/a']]);
    expect(desired.errors[0]?.file).toBe('large.yaml');
    expect(blob).toHaveBeenCalledTimes(1);
  });

  test('more files than may hold manifests are refused as a whole, with the bound', async () => {
    const files = Array.from(
      { length: 100_001 },
      (_, n): TreeFile => ({ path: `${n}.yaml`, mode: '100644', blob: 'b'.repeat(40), size: 1 }),
    );
    const turns = countTurns();
    await expect(createManifests().read(files, async () => Buffer.alloc(0))).rejects.toMatchObject({
      code: 'manifests/too-many-files',
      message: expect.stringContaining('100000'),
    });
    turns.stop();
    expect(turns.turns).toBeGreaterThan(20);
  });

  test('a Git LFS pointer in place of a manifest is an error: what it stands for may be wanted (S-006)', async () => {
    const oid = 'oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393';
    const pointer = `version https://git-lfs.github.com/spec/v1\n${oid}\nsize 12345\n`;
    const desired = await read({ 'large.yaml': pointer, 'a.yaml': configMap('a') });
    expect([codes(desired.errors), codes(desired.warnings), names(desired)]).toEqual([
      ['manifests/lfs-pointer'],
      [],
      ['ConfigMap/a'],
    ]);
    expect(desired.errors[0]?.file).toBe('large.yaml');
  });

  test('submodules are ignored with a warning', async () => {
    const desired = await read({ vendor: { submodule: true }, 'a.yaml': configMap('a') });
    expect([codes(desired.warnings), codes(desired.errors), names(desired)]).toEqual([
      ['manifests/submodule-ignored'],
      [],
      ['ConfigMap/a'],
    ]);
  });

  test('a commit that touches one file fetches and parses one file; equal content is parsed once', async () => {
    const reader = createManifests();
    const contents: Record<string, Content> = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`${i}.yaml`, configMap(`m${i}`)]),
    );
    const first = repository(contents);
    await reader.read(first.files, first.blob);
    expect(first.blob).toHaveBeenCalledTimes(200);
    const second = repository({
      ...contents,
      '7.yaml': configMap('changed'),
      'moved/8.yaml': configMap('m8'),
      'copy.yaml': configMap('changed'),
    });
    const desired = await reader.read(second.files, second.blob);
    expect(new Set(second.blob.mock.calls.flat()).size).toBe(1);
    expect(desired.manifests).toHaveLength(202);
    expect(desired.manifests.filter(({ object }) => object.metadata.name === 'm8').map(({ place }) => place.file)).toEqual([
      '8.yaml',
      'moved/8.yaml',
    ]);
  });

  test('what is not to be kept uses what is known and leaves nothing behind', async () => {
    const reader = createManifests();
    const known = repository({ 'a.yaml': configMap('a') });
    const more = repository({ 'a.yaml': configMap('a'), 'b.yaml': configMap('b') });
    await reader.read(known.files, known.blob);
    for (const times of [1, 2]) {
      expect((await reader.read(more.files, more.blob, { keep: false })).manifests).toHaveLength(2);
      expect(more.blob).toHaveBeenCalledTimes(times);
    }
  });

  test('a revision that is read meanwhile does not change what is read beside it', async () => {
    const reader = createManifests();
    const known = repository({ 'a.yaml': configMap('old') });
    await reader.read(known.files, known.blob);
    const beside = repository({ 'a.yaml': configMap('old'), 'b.yaml': configMap('b') });
    const next = repository({ 'a.yaml': configMap('new') });
    const desired = await reader.read(
      beside.files,
      async (id) => {
        await reader.read(next.files, next.blob);
        return beside.blob(id);
      },
      { keep: false },
    );
    expect(names(desired)).toEqual(['ConfigMap/old', 'ConfigMap/b']);
  });

  test('what is not to be kept does not displace what is', async () => {
    const reader = createManifests();
    const known = repository({ 'a.yaml': configMap('a') });
    const first = await reader.read(known.files, known.blob);
    const other = repository({ 'b.yaml': configMap('b') });
    await reader.read(other.files, other.blob, { keep: false });
    expect((await reader.read(known.files, known.blob)).manifests[0]).toBe(first.manifests[0]);
  });

  test('what left the repository is forgotten: nothing but the last revision is kept', async () => {
    const reader = createManifests();
    const { files, blob } = repository({ 'a.yaml': configMap('a'), 'b.yaml': configMap('b') });
    for (const some of [files, files.slice(0, 1), files]) await reader.read(some, blob);
    expect(blob.mock.calls.flat()).toEqual([files[0]?.blob, files[1]?.blob, files[1]?.blob]);
  });

  test('a revision in which no manifest changed gives the very same ones, whatever else did', async () => {
    const reader = createManifests();
    const contents = { 'a.yaml': configMap('a'), 'b.yaml': 'a: [' };
    const before = repository({ ...contents, 'README.md': 'old' });
    const after = repository({ ...contents, 'README.md': 'new', 'c.yaml': '# nothing' });
    const first = await reader.read(before.files, before.blob);
    const second = await reader.read(after.files, after.blob);
    expect(second.manifests).toBe(first.manifests);
    expect(second).toEqual(first);
    const changed = repository({ ...contents, 'a.yaml': configMap('other') });
    expect((await reader.read(changed.files, changed.blob)).manifests).not.toBe(first.manifests);
  });

  test('a file that moved is told by its new path, its errors too', async () => {
    const reader = createManifests();
    const before = repository({ 'a.yaml': `${configMap('a')}---\nkind: [` });
    const after = repository({ 'moved/a.yaml': `${configMap('a')}---\nkind: [` });
    await reader.read(before.files, before.blob);
    const { manifests, errors } = await reader.read(after.files, after.blob);
    expect(after.blob).not.toHaveBeenCalled();
    expect(manifests.map(({ place }) => place.file)).toEqual(['moved/a.yaml']);
    expect(errors.map(({ file }) => file)).toEqual(['moved/a.yaml']);
  });

  test('a blob that cannot be had is thrown, and an abort stops the reading', async () => {
    const { files } = repository({ 'a.yaml': configMap('a') });
    const reader = createManifests();
    await expect(reader.read(files, () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    await expect(
      reader.read(files, () => Promise.reject(new Error('gone')), { signal: AbortSignal.abort(new Error('stop')) }),
    ).rejects.toThrow('stop');
  });

  test('a long file does not hold up everything else', async () => {
    const { files, blob } = repository({
      'a.yaml': Array.from({ length: 5000 }, (_, i) => configMap(`m${i}`, `data: {x: ${'y'.repeat(300)}}\n`)).join('---\n'),
    });
    let turns = 0;
    let reading = true;
    const tick = () => {
      turns++;
      if (reading) setImmediate(tick);
    };
    setImmediate(tick);
    const { manifests } = await createManifests().read(files, blob);
    reading = false;
    expect(manifests).toHaveLength(5000);
    expect(turns).toBeGreaterThan(3);
  });
});

const BOMB = `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`).join('\n')}\n`;

/** name, content, expected code, expected line, expected words. Each stands in a file of its own and, where it is text, between two good documents. */
const BAD: readonly (readonly [name: string, content: Content, code: string, line: number | undefined, words: string])[] = [
  ['unparsable', 'a: [1, 2\nb: 3\n', 'yaml/bad-syntax', 2, 'malformed YAML'],
  ['an unclosed quote', 'kind: "x\n', 'yaml/bad-syntax', 2, 'malformed YAML'],
  ['tabs', 'kind: X\nmetadata:\n\tname: x\n', 'yaml/bad-syntax', 3, 'tab'],
  ['a template', 'kind: {{ .Values.kind }}\n', 'yaml/bad-key', 1, 'a key is a map'],
  ['no name', 'apiVersion: v1\nkind: X\nmetadata: {}\n', 'manifests/bad-object', 3, 'no metadata.name'],
  [
    'a name that is a number',
    'apiVersion: v1\nkind: X\nmetadata:\n  name: 12\n',
    'manifests/bad-object',
    4,
    'a number, not text',
  ],
  ['a name that is a path', 'apiVersion: v1\nkind: X\nmetadata:\n  name: ../../x\n', 'manifests/bad-object', 4, 'does not allow'],
  [
    'a name of 300 characters',
    `apiVersion: v1\nkind: X\nmetadata:\n  name: ${'x'.repeat(300)}\n`,
    'manifests/bad-object',
    4,
    '300 characters',
  ],
  ['generateName', 'apiVersion: v1\nkind: X\nmetadata:\n  generateName: x-\n', 'manifests/bad-object', 4, 'generateName'],
  ['no metadata', 'apiVersion: v1\nkind: X\n', 'manifests/bad-object', 1, 'no metadata'],
  ['metadata that is text', 'apiVersion: v1\nkind: X\nmetadata: x\n', 'manifests/bad-object', 3, 'not a map'],
  ['no apiVersion', 'kind: X\nmetadata: {name: x}\n', 'manifests/bad-object', 1, 'x/x has no apiVersion'],
  ['an apiVersion that is a number', 'apiVersion: 1\nkind: X\nmetadata: {name: x}\n', 'manifests/bad-object', 1, 'a number'],
  ['a kind that is a list', 'apiVersion: v1\nkind: [X]\nmetadata: {name: x}\n', 'manifests/bad-object', 2, 'a list'],
  [
    'a namespace that is a boolean',
    'apiVersion: v1\nkind: X\nmetadata: {name: x, namespace: n}\n',
    'manifests/bad-object',
    3,
    'a boolean, not text',
  ],
  [
    'a namespace that is none',
    'apiVersion: v1\nkind: X\nmetadata: {name: x, namespace: a/b}\n',
    'manifests/bad-object',
    3,
    'does not allow',
  ],
  [
    'an annotation that is a boolean',
    'apiVersion: v1\nkind: X\nmetadata:\n  name: x\n  annotations:\n    fluxcd.io/automated: true\n',
    'manifests/bad-object',
    6,
    'x/x has annotation fluxcd.io/automated that is a boolean',
  ],
  [
    'a label that is a number',
    'apiVersion: v1\nkind: X\nmetadata: {name: x, labels: {v: 1.10}}\n',
    'manifests/bad-object',
    3,
    'label v that is a number',
  ],
  [
    'annotations that are a list',
    'apiVersion: v1\nkind: X\nmetadata: {name: x, annotations: [a]}\n',
    'manifests/bad-object',
    3,
    'not a map',
  ],
  ['LOAD-11 plain words', 'just some words\n', 'manifests/bad-object', 1, 'not an object'],
  ['a list', '[]\n', 'manifests/bad-object', 1, 'not an object'],
  ...['y', 'on', '1', '1.5', '[a]'].map((name): readonly [string, string, string, number, string] => [
    `a container named bare ${name}`,
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec:\n  template:\n    spec:\n      initContainers:\n      - name: a\n      - name: ${name}\n`,
    'manifests/bad-object',
    9,
    'deployment/x has a container with a name that is ',
  ]),
  ['LOAD-38 a List item without kind', 'kind: List\nitems:\n- metadata: {name: x}\n', 'manifests/bad-object', 3, 'no kind'],
  ['LOAD-38 a List item that is text', 'kind: List\nitems:\n- x\n', 'manifests/bad-object', 3, 'not an object'],
  ['S-025 Lists nested 10 deep', `${'{kind: List, items: ['.repeat(10)}{}${']}'.repeat(10)}\n`, 'manifests/bad-object', 1, ''],
  ['S-020 an alias bomb', BOMB, 'yaml/too-large', undefined, 'aliases expand'],
  ['S-020 an alias of itself', 'a: &a [*a]\n', 'yaml/bad-alias', 1, 'contains itself'],
  ['S-021 nesting of 5,000 levels', `a: ${'['.repeat(5000)}${']'.repeat(5000)}\n`, 'yaml/too-deep', 1, 'nesting is deeper'],
  ['S-021 nesting of 200,000 levels', `${'- '.repeat(200_000)}x\n`, 'yaml/too-deep', 1, 'nesting is deeper'],
  ['S-022 a polluted key', 'apiVersion: v1\nkind: X\n__proto__: {polluted: true}\n', 'yaml/bad-key', 3, '__proto__'],
  ['infinity', 'apiVersion: v1\nkind: X\nmetadata: {name: x}\nspec: .inf\n', 'yaml/bad-value', 4, 'infinite'],
  [
    'SOPS',
    'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a: "ENC[AES256_GCM,data:x]"}\nsops:\n  mac: ENC[x]\n',
    'manifests/encrypted',
    1,
    'SOPS',
  ],
  [
    'S-025 one object of 10 MiB',
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: huge}\ndata:\n  x: ${'y'.repeat(10 << 20)}\n`,
    'manifests/object-too-large',
    1,
    'configmap/huge is 10.0 MiB large',
  ],
  [
    'invalid UTF-8',
    Buffer.from([...Buffer.from('kind: X\nx: é\n'), 0xc8, 0x41]),
    'manifests/bad-encoding',
    undefined,
    'byte 14 (line 3)',
  ],
  ['UTF-16', Buffer.from('\uFEFFkind: X\n', 'utf16le'), 'manifests/bad-encoding', undefined, 'UTF-16'],
  ['a binary file', Buffer.from([0x1f, 0x8b, 0x0a, 0x00, 0x01]), 'manifests/binary-file', undefined, 'NUL at byte 3 (line 2)'],
  ['a control character', 'apiVersion: v1\nkind: X\nmetadata: {name: "a\u0007"}\n', 'yaml/bad-syntax', 3, 'malformed'],
  ['a link to /etc/passwd', { link: '/etc/passwd' }, 'manifests/symlink-refused', undefined, 'points outside the repository'],
];

describe('R-020, S-025 bad input beside good', () => {
  test.each(BAD)('%s is refused by name', async (_, content, code, line, words) => {
    const alone = await read({ 'bad.yaml': content, 'good.yaml': configMap('good') });
    expect(names(alone)).toEqual(['ConfigMap/good']);
    expect(alone.errors).toMatchObject([
      { file: 'bad.yaml', ...(line === undefined ? {} : { line }), error: { code, fault: 'user' } },
    ]);
    expect(alone.errors[0]?.error.message).toContain(words);
    expect(alone.errors[0]?.error.help).toBeTruthy();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each(BAD.filter(([, content]) => typeof content === 'string'))(
    '%s does not hide its neighbours in the file',
    async (_, content, code) => {
      const desired = await read({ 'a.yaml': `${configMap('before')}---\n${String(content)}---\n${configMap('after')}` });
      expect(names(desired)).toEqual(['ConfigMap/before', 'ConfigMap/after']);
      expect(desired.errors).toMatchObject([{ file: 'a.yaml', document: 2, error: { code } }]);
    },
  );

  test('all of them at once, with ten good files: every good one is read, every bad one is named', async () => {
    const desired = await read({
      ...Object.fromEntries(BAD.map(([, content], index) => [`bad/${index}.yaml`, content])),
      ...Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`good/${index}.yaml`, configMap(`good-${index}`)])),
    });
    expect(desired.manifests).toHaveLength(10);
    expect(new Set(desired.errors.map(({ file }) => file)).size).toBe(BAD.length);
  });

  test('a file above the limit is refused without being fetched', async () => {
    const blob = vi.fn(async () => Buffer.from(''));
    const desired = await createManifests().read([{ path: 'a.yaml', mode: '100644', blob: 'x', size: 100 << 20 }], blob);
    expect(desired.errors).toMatchObject([{ file: 'a.yaml', error: { code: 'manifests/file-too-large' } }]);
    expect(blob).not.toHaveBeenCalled();
  });

  test('a file of garbage makes a bounded number of errors', async () => {
    const desired = await read({ 'a.yaml': `${'---\n[\n'.repeat(5000)}---\n${configMap('a')}` });
    expect(desired.errors).toHaveLength(101);
    expect(desired.errors.at(-1)).toMatchObject({
      file: 'a.yaml',
      document: 101,
      error: { message: 'file has more than 100 errors' },
    });
  });

  test('errors never quote the file', async () => {
    const desired = await read({
      'a.yaml': 'apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2\n   token: hunter3\n',
      'b.yaml': 'stringData: {p: hunter4\n',
    });
    expect(desired.errors).toHaveLength(2);
    for (const { error } of desired.errors) expect(`${error.stack}${error.help}${error.cause}`).not.toContain('hunter');
  });
});

describe('S-025 large input that is good', () => {
  const filler = `data:\n  text: |\n${`    ${'lorem ipsum '.repeat(16)}\n`.repeat(10)}`;

  test.runIf(thorough('10 MiB of 5,000 objects'))('10 MiB of 5,000 objects, as documents and as one List', async () => {
    const objects = Array.from({ length: 5000 }, (_, index) => configMap(`m${index}`, filler));
    const documents = objects.join('---\n');
    expect(documents.length).toBeGreaterThan(10_000_000);
    const list = `kind: List\nitems:\n${objects.map((text) => `- ${text.trimEnd().replaceAll('\n', '\n  ')}\n`).join('')}`;
    const desired = await read({ 'documents.yaml': documents, 'list.yaml': list });
    expect([desired.manifests.length, desired.errors, desired.warnings]).toEqual([10_000, [], []]);
    expect(desired.manifests.at(-1)?.place).toMatchObject({ file: 'list.yaml', document: 1, item: 5000 });
  });

  test('S-020 many aliases of bounded size', async () => {
    const desired = await read({
      'a.yaml': configMap('a', `base: &b {cpu: 100m}\nlist: [${Array(20_000).fill('*b').join(', ')}]\n`),
    });
    expect([names(desired), desired.errors]).toEqual([['ConfigMap/a'], []]);
  });

  test('others have their turn in between, also while there are many small files', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`m${index}.yaml`, configMap(`m${index}`, filler)]),
    );
    const counter = countTurns();
    const desired = await read(files);
    counter.stop();
    expect(desired.manifests).toHaveLength(500);
    expect(counter.turns).toBeGreaterThanOrEqual(15);
  });
});

import { describe, expect, test } from 'vitest';
import { Room } from '../../../src/manifests/helm/archive/room.ts';
import { unpackChart } from '../../../src/manifests/helm/archive/unpack.ts';
import { Pace } from '../../../src/manifests/units/pace.ts';
import { type Entries, link, submodule } from '../kustomize/checkout.ts';
import { packedChart } from './archive/tarball.ts';
import { CHART, config, open } from './program.ts';

test('Helm finds the chart and the values, and nothing else, under names that are no flags', async () => {
  const { read, runs } = open();
  await read({
    ...CHART,
    'app/.flux.yaml': config('chart: ../chart', 'valuesFiles: ["--set=a,b.yaml", ../more.yaml]', 'values: {a: 9007199254740993}'),
    'app/--set=a,b.yaml': 'a: 1\n',
    'more.yaml': 'a: 2\n',
    'secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n',
  });
  const [{ args, files }] = runs as [(typeof runs)[number]];
  expect(args).toEqual([
    ...[
      'app',
      './chart',
      '--namespace=default',
      '--values=./values/0.yaml',
      '--values=./values/1.yaml',
      '--values=./values/2.yaml',
    ],
    ...['--include-crds', '--kube-version=v1.34.0', '--api-versions=v1', '--api-versions=v1/Pod'],
  ]);
  expect(files.links).toEqual([]);
  expect(Object.fromEntries(files.files.map(({ path, content }) => [path, `${Buffer.from(content)}`]))).toEqual({
    'chart/Chart.yaml': 'name: a\n',
    'chart/templates/a.yaml': 'a: b\n',
    'values/0.yaml': 'a: 1\n',
    'values/1.yaml': 'a: 2\n',
    'values/2.yaml': 'a: 9007199254740993\n',
  });
});

describe('what is refused before Helm runs (S-026)', () => {
  const app = (...lines: readonly string[]) => ({ 'app/.flux.yaml': config(...lines) });
  const schema = (text: string) => ({ ...app('chart: ../chart'), 'chart/charts/sub/values.schema.json': text });
  test.each<[string, Entries, string]>([
    ['a chart outside of the repository', app('chart: ../../chart'), 'outside of the repository'],
    ['values outside of the repository', app('chart: ../chart', 'valuesFiles: [../../v.yaml]'), 'outside of the repository'],
    ['an absolute chart', app('chart: /etc'), 'expected a path in the repository'],
    ['remote values', app('chart: ../chart', 'valuesFiles: ["https://example.org/v.yaml"]'), 'expected a path in the repository'],
    ['no chart', app('chart: ../none'), 'none has no Chart.yaml'],
    ['values that are not there', app('chart: ../chart', 'valuesFiles: [v.yaml]'), 'app/v.yaml does not exist'],
    [
      'a subchart that is no archive',
      { ...app('chart: ../chart'), 'chart/charts/a.tgz': 'x' },
      'chart/charts/a.tgz is not a gzip archive',
    ],
    [
      'a folder with the name of an archive',
      { ...app('chart: ../chart'), 'chart/charts/a.tgz/b': 'x' },
      'chart/charts/a.tgz/b is in a folder with the name of an archive',
    ],
    ...['.', '..', '../a', '/a', 'a\\\\b'].map((name): [string, Entries, string] => [
      `the name ${name}`,
      { ...app('chart: ../chart'), 'chart/Chart.yaml': `name: "${name}"\n` },
      'a name that no chart may have',
    ]),
    [
      'such a name of a subchart',
      { ...app('chart: ../chart'), 'chart/charts/a/Chart.yaml': 'name: ..\n' },
      'chart/charts/a/Chart.yaml has a name',
    ],
    [
      'a large Chart.yaml',
      { ...app('chart: ../chart'), 'chart/Chart.yaml': `name: a\n#${'a'.repeat(70_000)}` },
      'more than 64 KiB',
    ],
    [
      'a link out of the repository',
      { ...app('chart: ../chart'), 'chart/a': link('../../../etc/passwd') },
      'outside the repository',
    ],
    ['a link to a folder', { ...app('chart: ../chart'), 'chart/a': link('../chart') }, 'points to a directory'],
    [
      'values that are a submodule',
      { ...app('chart: ../chart', 'valuesFiles: [v]'), 'app/v': submodule },
      'is not a regular file',
    ],
    ['a name of a release', app('chart: ../chart', 'releaseName: --help'), 'helm.releaseName: expected a name'],
    ['a long name of a release', app('chart: ../chart', `releaseName: ${'a'.repeat(54)}`), 'at most 53'],
    ['a folder that names no release', { 'App/.flux.yaml': config('chart: ../chart') }, 'set releaseName'],
    ['a namespace', app('chart: ../chart', 'namespace: a/b'), 'helm.namespace: expected a name'],
    ['images of no field', app('chart: ../chart', 'images: {web: {}}'), 'helm.images.web: expected "image", or "repository"'],
    [
      'an image in one field and in several',
      app('chart: ../chart', 'images: {web: {image: a, tag: b}}'),
      'helm.images.web: expected "image", or "repository"',
    ],
    [
      'a registry alone',
      app('chart: ../chart', 'images: {web: {registry: a}}'),
      'helm.images.web: expected "image", or "repository"',
    ],
    [
      'a path with an empty key',
      app('chart: ../chart', 'images: {web: {tag: a..b}}'),
      'helm.images.web.tag: expected a path with dots',
    ],
    ['a container of no workload', app('chart: ../chart', 'images: {"a/b": {tag: c}}'), 'helm.images.a/b: '],
    ['an unknown key', app('chart: ../chart', 'postRenderer: sh'), 'Unrecognized key: "postRenderer"'],
    ['a schema of a file', schema('{"$ref": "file:///var/run/secrets/token"}'), 'another schema'],
    ['a schema elsewhere, escaped', schema('{"a": [{"\\u0024ref": "https://example.org/"}]}'), 'another schema'],
    ['a schema beside it', schema('{"$id": "https://example.org/", "$dynamicRef": "a.json"}'), 'another schema'],
    ['an unknown draft', schema('{"$schema": "http://169.254.169.254/"}'), 'none of the published drafts'],
    ['a schema that is no JSON', schema('{'), 'is not JSON'],
    ['a large schema', schema(`"${'a'.repeat(300_000)}"`), 'more than 256 KiB'],
  ])('%s', async (_, entries, why) => {
    const { read, runs } = open();
    const { manifests, errors } = await read({ ...CHART, ...entries });
    expect(manifests).toEqual([]);
    expect(errors.map(({ error }) => error.message).join()).toContain(why);
    expect(runs.filter(({ files }) => files.files.length > 0)).toEqual([]);
  });

  test('a schema that refers to itself is not', async () => {
    const { read } = open();
    const text = '{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://a.example/", "$ref": "#/$defs/a"}';
    expect((await read({ ...CHART, ...schema(text) })).errors).toEqual([]);
  });
});

describe('a packed subchart', () => {
  const withSubchart = async (files: Readonly<Record<string, string>>): Promise<Entries> => ({
    ...CHART,
    'app/.flux.yaml': config('chart: ../chart'),
    'chart/charts/sub-1.0.0.tgz': { mode: '100644', content: await packedChart('sub', files) },
  });

  test('is packed for Helm too, and has the files that were read of it', async () => {
    const { read, runs } = open();
    expect((await read(await withSubchart({ 'templates/a.yaml': 'a: {{ .Values.a }}\n' }))).errors).toEqual([]);
    const laid = runs[0]?.files.files ?? [];
    expect(laid.map(({ path }) => path)).toEqual([
      'chart/Chart.yaml',
      'chart/templates/a.yaml',
      'chart/charts/sub-1.0.0.tgz',
      'values/0.yaml',
    ]);
    const packed = Buffer.from(laid[2]?.content ?? []);
    const contents = await unpackChart(packed, { archive: 'a', room: new Room('a'), pace: new Pace(), depth: 0 });
    expect(contents.map(({ path, content }) => [path, `${content}`])).toEqual([
      ['Chart.yaml', 'apiVersion: v2\nname: sub\nversion: 1.0.0\n'],
      ['templates/a.yaml', 'a: {{ .Values.a }}\n'],
    ]);
    expect(runs).toHaveLength(1);
  });

  test('makes the chart render twice if it makes random values', async () => {
    const { read, runs } = open();
    await read(await withSubchart({ 'templates/a.yaml': 'a: {{ randAlphaNum 5 }}\n' }));
    expect(runs).toHaveLength(2);
  });

  test.each([
    [
      'a schema elsewhere',
      { 'values.schema.json': '{"$ref": "file:///etc/passwd"}' },
      'sub-1.0.0.tgz/values.schema.json refers to another',
    ],
    ['the name ..', { 'Chart.yaml': 'name: ..\n' }, 'sub-1.0.0.tgz/Chart.yaml has a name'],
  ])('is refused with %s (S-026)', async (_, more, why) => {
    const { read, runs } = open();
    const { errors } = await read(await withSubchart(more));
    expect(errors.map(({ error }) => error.message).join()).toContain(why);
    expect(runs).toEqual([]);
  });
});

test('a file in the folder of a chart that is left out is named; values of other clusters are not', async () => {
  const { read } = open();
  const app = {
    'app/.flux.yaml': config('chart: ../chart'),
    'app/b.yaml': 'x',
    'app/values-prod.yaml': 'x',
    'app/README.md': 'x',
  };
  const { warnings } = await read({ ...CHART, ...app });
  expect(warnings).toMatchObject([{ file: 'app/b.yaml', error: { code: 'helm/left-out' } }]);
  expect(warnings[0]?.error.message).not.toContain('values-prod');
});

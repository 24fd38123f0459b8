import { describe, expect, test } from 'vitest';
import { isRendered, type Manifest } from '../../../../src/resource/index.ts';
import { lines, link } from '../../kustomize/checkout.ts';
import { packedChart } from '../archive/tarball.ts';
import { chartOf, open } from './program.ts';

const CONFIG_MAP = lines(
  ...['apiVersion: v1', 'kind: ConfigMap', 'metadata:', '  name: {{ .Release.Name }}', 'data:'],
  ...['  namespace: {{ .Release.Namespace }}', '  tag: {{ .Values.tag | quote }}', '  size: {{ .Values.size | quote }}'],
);
const NAMED = (name: string, more = '') => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}`;
const HOOK = (name: string, events: string) => NAMED(name, `  annotations:\n    "helm.sh/hook": ${events}\n`);

const named = (manifests: readonly Manifest[]) =>
  manifests.map(({ object: { kind, metadata } }) => `${metadata.namespace ?? '-'}:${kind}/${metadata.name}`);

describe('a chart that a folder names', () => {
  test('is rendered with its values, then those of files, then those of the config, as a release in a namespace', async () => {
    const { read } = open();
    const state = await read(
      chartOf(CONFIG_MAP, '  namespace: prod\n  valuesFiles: [values.yaml, ../common.yaml]\n  values: {size: 3}\n', {
        'charts/web/values.yaml': 'tag: "1"\nsize: 1\n',
        'shop/values.yaml': 'tag: "2"\nsize: 2\n',
        'common.yaml': 'tag: "3"\n',
      }),
    );
    expect([state.errors, state.warnings]).toEqual([[], []]);
    expect(state.manifests).toHaveLength(1);
    expect(state.manifests[0]).toMatchObject({
      object: { metadata: { name: 'shop', namespace: 'prod' }, data: { namespace: 'prod', tag: '3', size: '3' } },
      place: {
        unit: 'shop/.flux.yaml',
        file: 'shop/.flux.yaml',
        renderer: 'helm',
        origin: { file: 'charts/web/templates/web.yaml' },
      },
    });
  });

  test('gives the namespace to all that names none and can have one, as helm install does', async () => {
    const { read } = open();
    const template = [
      NAMED('a'),
      NAMED('b', '  namespace: other\n'),
      'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: c\n',
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: d\n',
    ].join('---\n');
    const { manifests } = await read(chartOf(template, '  namespace: prod\n'));
    expect(named(manifests).sort()).toEqual(['-:ClusterRole/d', '-:Namespace/c', 'other:ConfigMap/b', 'prod:ConfigMap/a']);
  });

  test('has subcharts, definitions and the files that templates read', async () => {
    const { read, releases } = open();
    const crd = lines(
      ...['apiVersion: apiextensions.k8s.io/v1', 'kind: CustomResourceDefinition', 'metadata: {name: tests.example.org}'],
      ...['spec: {group: example.org, scope: Namespaced, names: {kind: Test, plural: tests}, versions: []}'],
    );
    const entries = chartOf(NAMED('a', 'data:\n  text: {{ .Files.Get "text.txt" | quote }}\n'), '', {
      'charts/web/crds/tests.yaml': crd,
      'charts/web/text.txt': 'some text',
      'charts/web/templates/linked.yaml': link('../../../common/linked.yaml'),
      'common/linked.yaml': NAMED('linked'),
      'charts/web/charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 1.0.0\n',
      'charts/web/charts/sub/templates/sub.yaml': NAMED('sub', 'data:\n  chart: {{ .Chart.Name }}\n'),
    });
    const paths = { ...entries, 'other/.flux.yaml': 'version: 1\nhelm: {chart: ../charts/web, includeCRDs: false}\n' };
    const { manifests, errors } = await read(paths);
    expect(errors).toEqual([]);
    const of = (unit: string) => manifests.filter(({ place }) => isRendered(place) && place.unit.startsWith(unit));
    expect(named(of('shop')).sort()).toEqual([
      '-:CustomResourceDefinition/tests.example.org',
      ...['default:ConfigMap/a', 'default:ConfigMap/linked', 'default:ConfigMap/sub'],
    ]);
    expect(of('other')).toHaveLength(3);
    expect(of('shop').find(({ object }) => object.metadata.name === 'a')?.object).toMatchObject({ data: { text: 'some text' } });
    expect(releases.sort()).toEqual(['other', 'shop']);
  });

  test('has packed subcharts, to which its .helmignore does not apply', async () => {
    const { read } = open({ verbatim: true });
    const inner = await packedChart('inner', { 'templates/inner.yaml': NAMED('inner') });
    const sub = await packedChart('sub', {
      'values.yaml': 'text: of the subchart\n',
      'templates/tests/sub.yaml': NAMED('sub', 'data:\n  text: {{ .Values.text }}\n'),
      'charts/inner-1.0.0.tgz': inner,
      [`templates/${'long/'.repeat(30)}a.yaml`]: NAMED('long'),
    });
    const entries = chartOf(NAMED('a'), '  values: {sub: {text: of the config}}\n', {
      'charts/web/.helmignore': 'tests/\n',
      'charts/web/charts/sub-1.0.0.tgz': { mode: '100644', content: sub },
      'charts/web/charts/_old-1.0.0.tgz': 'is ignored',
    });
    const { manifests, errors } = await read(entries);
    expect(errors).toEqual([]);
    const names = ['a', 'inner', 'long', 'sub'].map((name) => `default:ConfigMap/${name}`);
    expect(named(manifests).sort()).toEqual(names);
    expect(manifests.find(({ object }) => object.metadata.name === 'sub')?.object).toMatchObject({
      data: { text: 'of the config' },
    });
  });

  test.each([
    ['by default', '', ['default:ConfigMap/a'], 'configmap/migrate (pre-install, pre-upgrade), configmap/try (test)'],
    [
      'where they are asked for',
      '  skipHooks: false\n',
      ['default:ConfigMap/a', 'default:ConfigMap/migrate'],
      'configmap/try (test)',
    ],
  ])('has hooks and tests left out, which is said: %s', async (_, config, objects, leftOut) => {
    const { read } = open();
    const template = [NAMED('a'), HOOK('migrate', 'pre-install, pre-upgrade'), HOOK('try', 'test')].join('---\n');
    const { manifests, warnings } = await read(chartOf(template, config));
    expect(named(manifests).sort()).toEqual(objects);
    expect(warnings).toMatchObject([{ file: 'shop/.flux.yaml', error: { message: expect.stringContaining(leftOut) } }]);
  });

  test('knows the version and the kinds of the cluster, and is rendered again when they change', async () => {
    const capabilities = { kubeVersion: 'v1.33.1', apiVersions: ['example.org/v1', 'example.org/v1/Test'] };
    const { read, serve, releases } = open({ capabilities });
    const template = NAMED(
      'a',
      'data:\n  version: {{ .Capabilities.KubeVersion }}\n  has: {{ .Capabilities.APIVersions.Has "example.org/v1/Test" | quote }}\n',
    );
    const entries = chartOf(template);
    const dataOf = async () => (await read(entries)).manifests[0]?.object.data;
    expect(await dataOf()).toEqual({ version: 'v1.33.1', has: 'true' });
    expect(await dataOf()).toEqual({ version: 'v1.33.1', has: 'true' });
    expect(releases).toHaveLength(1);
    serve({ kubeVersion: 'v1.34.0', apiVersions: [] });
    expect(await dataOf()).toEqual({ version: 'v1.34.0', has: 'false' });
  });

  test('finds nothing of the cluster', async () => {
    const { read } = open();
    const { manifests } = await read(
      chartOf(NAMED('a', 'data:\n  found: {{ lookup "v1" "Secret" "default" "a" | toJson | quote }}\n')),
    );
    expect(manifests[0]?.object.data).toEqual({ found: '{}' });
  });
});

describe('what is rendered again', () => {
  test('is what a change concerns: a file of values its folder, a chart all its users', async () => {
    const { read, releases } = open();
    const entries = {
      ...chartOf(CONFIG_MAP, '  valuesFiles: [values.yaml]\n', { 'shop/values.yaml': 'tag: "1"\n' }),
      'blog/.flux.yaml': 'version: 1\nhelm: {chart: ../charts/web}\n',
      'plain.yaml': NAMED('plain'),
    };
    await read(entries);
    expect(releases.splice(0).sort()).toEqual(['blog', 'shop']);
    const changed = { ...entries, 'shop/values.yaml': 'tag: "2"\n', 'plain.yaml': NAMED('changed') };
    await read(changed);
    expect(releases.splice(0)).toEqual(['shop']);
    await read({ ...changed, 'charts/web/NOTES.md': 'new' });
    expect(releases.splice(0).sort()).toEqual(['blog', 'shop']);
  });
});

describe('a chart that renders to something else each time', () => {
  test.each([
    ['randAlphaNum', '{{ randAlphaNum 10 | quote }}'],
    ['a certificate', '{{ (genCA "a" 1).Cert | quote }}'],
    ['the date', '{{ now | unixEpoch | mul 1000 | toString | cat (randNumeric 9) | quote }}'],
    ['uuidv4 by a template in the values', '{{ tpl .Values.text . | quote }}', '  values: {text: "{{ uuidv4 }}"}\n'],
  ])('is refused, and the field is named: %s', async (_, value, config = '') => {
    const { read, releases } = open();
    const { manifests, errors } = await read(chartOf(NAMED('a', `data:\n  key: ${value}\n`), config));
    expect(manifests).toEqual([]);
    expect(errors).toMatchObject([
      { error: { code: 'helm/changing-output', message: expect.stringContaining('configmap/a data.key') } },
    ]);
    expect(releases).toHaveLength(2);
  });

  test('is applied where that is allowed, and rendered once', async () => {
    const { read, releases } = open();
    const entries = chartOf(NAMED('a', 'data:\n  key: {{ randAlphaNum 10 | quote }}\n'), '  allowChangingOutput: true\n');
    const [first, second] = [await read(entries), await read(entries)];
    expect(first.errors).toEqual([]);
    expect(second.manifests).toBe(first.manifests);
    expect(releases).toHaveLength(1);
  });

  test('may use such functions for what is not rendered', async () => {
    const { read } = open();
    const { manifests } = await read(
      chartOf(NAMED('a', 'data:\n  key: {{ .Values.key | default (randAlpha 5) }}\n'), '  values: {key: b}\n'),
    );
    expect(manifests).toHaveLength(1);
  });
});

describe('what is no manifest', () => {
  test('is a chart and files of values, also where a config is wrong; other files are', async () => {
    const { read } = open();
    const entries = chartOf(NAMED('a'), '  valuesFiles: [../values/shop.yaml]\n', {
      'values/shop.yaml': 'tag: "1"\n',
      'other.yaml': NAMED('other'),
      'shop/left-out.yaml': NAMED('left-out'),
    });
    const good = await read(entries);
    expect(good.errors).toEqual([]);
    expect(named(good.manifests).sort()).toEqual(['-:ConfigMap/other', 'default:ConfigMap/a']);
    expect(good.units).toEqual(['shop/.flux.yaml']);
    const { manifests, errors, units } = await read({ ...entries, 'shop/.flux.yaml': 'version: 1\nhelm: {}\n' });
    expect(named(manifests)).not.toContain('-:ConfigMap/a');
    expect(errors.map(({ error }) => error.code)).toContain('generation/bad-config');
    expect(units).toEqual(['shop/.flux.yaml']);
  });

  test('a path to sync can be such a folder, and names charts anywhere in the repository', async () => {
    const { read } = open({ paths: ['shop'] });
    const { manifests, errors } = await read(chartOf(NAMED('a')));
    expect([errors, named(manifests)]).toEqual([[], ['default:ConfigMap/a']]);
  });
});

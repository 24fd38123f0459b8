import { describe, expect, test } from 'vitest';
import { lines } from '../../kustomize/checkout.ts';
import { edited, withEdits } from '../../kustomize/real/changes.ts';
import { chartOf, open } from './program.ts';

const PATCH = 'shop/flux-patch.yaml';
const WEB = (namespace: string) =>
  lines(
    ...['apiVersion: apps/v1', 'kind: Deployment', 'metadata:', '  name: web', `  ${namespace}`],
    ...['spec:', '  template:', '    spec:', '      containers:', '      - name: c', '        image: nginx:{{ .Values.tag }}'],
  );
const CHART = (namespace = 'labels: {a: b}') =>
  chartOf(WEB(namespace), '  namespace: prod\n  values: {tag: "1"}\n', { 'charts/web/values.yaml': 'tag: "0"\n' });
const patchOf = (annotation: string, namespace?: string) =>
  lines(
    ...['---', 'apiVersion: apps/v1', 'kind: Deployment', 'metadata:', '  annotations:', `    ${annotation}`, '  name: web'],
    ...(namespace === undefined ? [] : [`  namespace: ${namespace}`]),
  );
const locked = (value: string | null) => ({ 'deployment/web': { annotations: { 'fluxcd.io/locked': value } } });

describe('a policy of what a chart renders', () => {
  test.each([
    ['that names no namespace', 'labels: {a: b}', 'prod'],
    ['that names that of the release', 'namespace: {{ .Release.Namespace }}', 'prod'],
    ['that names another', 'namespace: other', 'other'],
  ])('is a patch of an object %s; it is applied, changed and removed again', async (_, namespace, placed) => {
    const opened = open();
    const files = CHART(namespace);
    const edits = await edited(opened, files, locked('true'));
    expect(edits).toEqual([{ path: PATCH, content: patchOf("fluxcd.io/locked: 'true'", placed) }]);
    const after = withEdits(files, edits);
    const { manifests, errors, warnings } = await opened.read(after);
    expect([errors, warnings]).toEqual([[], []]);
    expect(manifests.map(({ object }) => object.metadata)).toMatchObject([
      { name: 'web', namespace: placed, annotations: { 'fluxcd.io/locked': 'true' } },
    ]);
    expect(await edited(opened, after, locked('true'))).toEqual([]);
    const other = await edited(opened, after, locked('no'));
    expect(other).toEqual([{ path: PATCH, content: patchOf("fluxcd.io/locked: 'no'", placed) }]);
    expect(await edited(opened, withEdits(files, other), locked(null))).toEqual([{ path: PATCH, content: '' }]);
  });

  test('goes into the patch of a person, which may leave the namespace of the release out', async () => {
    const opened = open();
    const own = lines(
      '# ours',
      'kind: Deployment',
      'apiVersion: apps/v1',
      'metadata:',
      '  name: web',
      'spec: {replicas: 2} # two',
    );
    const files = { ...CHART(), [PATCH]: own };
    const edits = await edited(opened, files, locked('true'));
    expect(edits).toEqual([
      { path: PATCH, content: own.replace('  name: web\n', "  name: web\n  annotations:\n    fluxcd.io/locked: 'true'\n") },
    ]);
    const { manifests } = await opened.read(withEdits(files, edits));
    expect(manifests[0]?.object).toMatchObject({ spec: { replicas: 2 } });
  });

  test('renders only its own folder again', async () => {
    const opened = open();
    const files = { ...CHART(), 'blog/.flux.yaml': 'version: 1\nhelm: {chart: ../charts/web}\n' };
    await opened.read(files);
    opened.releases.splice(0);
    await opened.read({ ...files, [PATCH]: patchOf('a: b') });
    expect(opened.releases).toEqual(['shop']);
  });
});

describe('a patch file that is wrong refuses the folder, and is named', () => {
  test.each([
    ['no YAML', 'a: [', 'document 1 of its patch file: '],
    ['no object', 'a: b\n', 'document 1 of its patch file: it names no object by kind and metadata.name'],
    [
      'an object that is not rendered',
      patchOf('a: b').replace('name: web', 'name: api'),
      'document 1 of its patch file: patch refers to missing resource (prod:deployment/api)',
    ],
    [
      'two patches of one object',
      `${patchOf('a: b')}${patchOf('a: c', 'prod')}`,
      'document 2 of its patch file: it is the second for',
    ],
    [
      'a directive that is none',
      `${patchOf('a: b')}$patch: none\n`,
      'document 1 of its patch file: invalid strategic merge patch',
    ],
  ])('%s', async (_, patch, why) => {
    const { manifests, errors } = await open().read({ ...CHART(), [PATCH]: patch });
    expect(manifests).toEqual([]);
    expect(errors).toMatchObject([
      { file: 'shop/.flux.yaml', error: { code: 'generation/bad-patch', message: expect.stringContaining(`${PATCH}: ${why}`) } },
    ]);
  });
});

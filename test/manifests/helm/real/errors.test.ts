import { describe, expect, test } from 'vitest';
import { packedChart } from '../archive/tarball.ts';
import { chartOf, open } from './program.ts';

const CANARY = 'hunter2canary';
const SECRET = `  values: {foo: {bar: ${CANARY}}}\n`;
const IN = 'in charts/web/templates/web.yaml:1';

/** Templates that fail in a chart whose values are secret, and what is shown. */
const CASES: readonly (readonly [name: string, template: string, shown: string])[] = [
  ['required', '{{ required "tag must be set" .Values.tag }}', `execution error: tag must be set ${IN}`],
  ['fail', '{{ fail (printf "bad text %s" .Values.foo.bar) }}', `execution error: bad text ${IN}`],
  ['a value in a value', '{{ .Values.foo.bar.baz }}', `can't evaluate field at .Values.foo.bar.baz ${IN}`],
  ['a value that is not there', '{{ .Values.no.bar }}', `nil pointer evaluating at .Values.no.bar ${IN}`],
  ['a function that is none', '{{ nofunc .Values.foo }}', `parse error: not defined ${IN}`],
  ['a template that is none', '{{ include "none" . }}', `error calling include: no template: none at include "none" . ${IN}`],
  ['an open action', 'a: {{ .Values.foo', `parse error: unclosed action ${IN}`],
  ['no YAML', 'a: {{ .Values.foo.bar }}\n b: [', 'YAML parse error: error converting YAML to JSON'],
  ['a wrong argument', '{{ index .Values.foo.bar "a" }}', `error calling index at index .Values.foo.bar "a" ${IN}`],
];

describe('an error of Helm is shown with its place, and without values', () => {
  test.each(CASES)('%s', async (_, template, shown) => {
    const entries = chartOf(template, SECRET);
    const { errors, manifests } = await open().read(entries);
    expect(manifests).toEqual([]);
    expect(errors).toMatchObject([{ file: 'shop/.flux.yaml', unit: 'shop/.flux.yaml', error: { code: 'helm/failed' } }]);
    const text = String(errors[0]?.error.message);
    expect(text).not.toContain(CANARY);
    expect(text).toContain(shown);
    const local = await open({ verbatim: true }).read(entries);
    expect(local.errors[0]?.error.message).toContain('Error: ');
  });

  test('values that the schema refuses are not shown', async () => {
    const schema = JSON.stringify({
      type: 'object',
      properties: { foo: { type: 'integer' }, a: { enum: ['b'] } },
      required: ['image'],
    });
    const entries = chartOf('a: b\n', `  values: {foo: ${CANARY}, a: ${CANARY}}\n`, { 'charts/web/values.schema.json': schema });
    const { errors } = await open().read(entries);
    expect(errors[0]?.error.message).toContain("values don't meet the specifications of the schema");
    expect(errors[0]?.error.message).not.toContain(CANARY);
  });

  test.each([
    [
      'a dependency that is not there',
      'dependencies: [{name: redis, version: 1.0.0, repository: "https://x.example"}]\n',
      'missing in charts/ directory',
    ],
    ['a cluster that is too old', 'kubeVersion: ">=1.99.0"\n', 'chart requires kubeVersion'],
    ['a library', 'type: library\n', 'library charts are not installable'],
  ])('%s', async (_, more, shown) => {
    const entries = chartOf('a: b\n', '', { 'charts/web/Chart.yaml': `apiVersion: v2\nname: web\nversion: 1.0.0\n${more}` });
    const { errors } = await open().read(entries);
    expect(errors[0]?.error.message).toContain(shown);
  });

  test('a missing dependency comes with what to do', async () => {
    const dependencies = 'dependencies: [{name: redis, version: 1.0.0, repository: "https://x.example"}]\n';
    const entries = { 'charts/web/Chart.yaml': `apiVersion: v2\nname: web\nversion: 1.0.0\n${dependencies}` };
    const { errors } = await open().read(chartOf('a: b\n', '', entries));
    expect(errors[0]?.error.help).toContain('Run `helm dependency build` in the folder of the chart, and commit its charts/.');
  });

  test('the place of a template in a packed subchart is shown, and no value', async () => {
    const sub = await packedChart('sub', {
      'templates/sub.yaml': 'a: {{ required "no tag" .Values.tag }}{{ .Values.global }}\n',
    });
    const packed = { 'charts/web/charts/sub-1.0.0.tgz': { mode: '100644', content: sub } } as const;
    const { errors } = await open().read(chartOf('a: b\n', SECRET, packed));
    expect(errors[0]?.error.message).toContain('execution error: no tag in charts/web/charts/sub/templates/sub.yaml:1');
    expect(errors[0]?.error.message).not.toContain(CANARY);
  });

  test('one chart that fails affects no other', async () => {
    const ok = { 'blog/.flux.yaml': 'version: 1\nhelm: {chart: ../charts/web, values: {tag: "1"}}\n' };
    const template = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ required "no tag" .Values.tag | quote }}\n';
    const { manifests, errors } = await open().read(chartOf(template, '', ok));
    expect([manifests.length, errors.length]).toEqual([1, 1]);
  });

  test.each([
    ['an empty chart', '', 'helm/empty-output'],
    [
      'a chart of hooks',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {"helm.sh/hook": test}}\n',
      'helm/empty-output',
    ],
  ])('%s is doubt, and nothing of it is applied', async (_, template, code) => {
    const { manifests, errors } = await open().read(chartOf(template));
    expect(manifests).toEqual([]);
    expect(errors).toMatchObject([{ error: { code } }]);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ValueObjects } from '../../../../src/manifests/index.ts';
import { write } from '../../../git/support/work-tree.ts';
import { leaksOf, plant } from '../../../support/canaries.ts';
import { chartOf, open } from './program.ts';

const TEMPLATE =
  'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  all: {{ toJson (omit .Values "global") | quote }}\n';

function objectsOf(data: Readonly<Record<string, Readonly<Record<string, string>>>>): ValueObjects {
  const all = Object.entries(data).map(([name, texts]) => [name, { kind: 'present', version: '1', data: texts }] as const);
  return { kind: 'read', byName: new Map(all), optional: false };
}

/** What the chart got, as fluxd has Helm render it. */
async function valuesBy(objects: ValueObjects, config: string, files: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { manifests, errors } = await open({ objects }).read(chartOf(TEMPLATE, config, files));
  expect(errors).toEqual([]);
  return JSON.parse(String(Object(manifests[0]?.object.data).all));
}

/** What the chart gets by flags of Helm itself. */
function valuesByFlags(...flags: readonly string[]): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'flux-helm-set-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  write(folder, { 'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n', 'templates/a.yaml': '# {{ toJson .Values }}\n' });
  const options = { encoding: 'utf8', env: { HOME: folder } } as const;
  const output = execFileSync(process.env.TEST_HELM ?? '', ['template', 'a', folder, ...flags], options);
  return JSON.parse(/^# (\{.*\})$/m.exec(output)?.[1] ?? 'none');
}

test('values of objects are over those of files, later ones over earlier ones, and those of the config over all', async () => {
  const objects = objectsOf({
    'configmap/one': { 'values.yaml': 'b: one\nc: one\nd: one\nin: {one: 1}\n' },
    'configmap/two': { more: 'c: two\nd: two\nin: {two: 2}\n' },
    'secret/three': { port: '8080' },
  });
  const config = [
    '  valuesFiles: [v.yaml]',
    '  values: {d: config}',
    '  valuesFrom:',
    '  - {kind: ConfigMap, name: one}',
    '  - {kind: ConfigMap, name: two, valuesKey: more}',
    '  - {kind: Secret, name: three, valuesKey: port, targetPath: in.a\\.b}',
    '  - {kind: ConfigMap, name: one, valuesKey: none, optional: true}\n',
  ].join('\n');
  expect(await valuesBy(objects, config, { 'shop/v.yaml': 'a: file\nb: file\nc: file\n' })).toEqual({
    ...{ a: 'file', b: 'one', c: 'two', d: 'config' },
    in: { one: 1, two: 2, 'a.b': 8080 },
  });
});

describe('one value is what Helm takes it for', () => {
  const TEXTS = [
    '80',
    '-1',
    '+5',
    '007',
    '0',
    '-0',
    'TRUE',
    'False',
    'null',
    'NULL',
    '1.5',
    '1e3',
    '0x1f',
    '9223372036854775807',
  ];
  const MORE = [
    '9223372036854775808',
    ' a',
    'a b',
    '~',
    'yes',
    '"80"',
    "'80'",
    'a: b',
    '# a',
    '@a',
    '[a]',
    '* a',
    'é\u2028',
    '=a',
  ];
  test('by --set, and as it is by --set-literal', async () => {
    const texts = [...TEXTS, ...MORE];
    const objects = objectsOf({ 'configmap/a': Object.fromEntries(texts.map((text, n) => [`t${n}`, text])) });
    const referTo = (_: string, n: number) =>
      `  - {kind: ConfigMap, name: a, valuesKey: t${n}, targetPath: s.t${n}}\n  - {kind: ConfigMap, name: a, valuesKey: t${n}, targetPath: l.t${n}, literal: true}\n`;
    const flags = (n: number, text: string) => {
      // The value of an entry is what a shell would hand on, and only a shell removes quotes.
      const bare = /^(["']).*\1$/.test(text) ? ['--set-string', `s.t${n}=${text.slice(1, -1)}`] : ['--set', `s.t${n}=${text}`];
      return [...bare, '--set-literal', `l.t${n}=${text}`];
    };
    expect(await valuesBy(objects, `  valuesFrom:\n${texts.map(referTo).join('')}`)).toEqual(
      valuesByFlags(...texts.flatMap((text, n) => flags(n, text))),
    );
  });
});

test('a chart that fails with values of a Secret shows nothing of them; with those of a ConfigMap it says where', async () => {
  const planted = plant('value of a Secret');
  const template = 'a: {{ fail (printf "bad: %s" .Values.password) }}';
  const said = async (kind: string) => {
    const values = { 'values.yaml': `password: ${planted['value of a Secret']}\n` };
    const objects = objectsOf({ 'secret/a': values, 'configmap/a': values });
    const { errors } = await open({ objects }).read(chartOf(template, `  valuesFrom: [{kind: ${kind}, name: a}]\n`));
    expect(errors).toHaveLength(1);
    return errors.map(({ error }) => `${error.code} ${error.message} ${error.help}`).join();
  };
  const ofSecret = await said('Secret');
  expect(leaksOf(planted, new Map([['error', ofSecret]]))).toEqual([]);
  expect(ofSecret).toContain('values of Secrets, so nothing is shown');
  expect(await said('ConfigMap')).toContain('in charts/web/templates/web.yaml:1');
});

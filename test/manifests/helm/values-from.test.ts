import { describe, expect, test } from 'vitest';
import { setText } from '../../../src/manifests/helm/set-text.ts';
import type { ValueObject, ValueObjects } from '../../../src/manifests/index.ts';
import { leaksOf, plant } from '../../support/canaries.ts';
import { CHART, config, open } from './program.ts';

const present = (version: string, data: Readonly<Record<string, string>>): ValueObject => ({ kind: 'present', version, data });

/** Manifests beside objects, which can be changed. */
function openWith(first: Readonly<Record<string, ValueObject>> | undefined) {
  let objects = first;
  const given = async (): Promise<ValueObjects> => ({
    kind: 'read',
    byName: new Map(Object.entries(objects ?? {})),
    optional: false,
  });
  const { read, runs } = open(undefined, undefined, undefined, first && given);
  return {
    read,
    runs,
    set: (next: Readonly<Record<string, ValueObject>>) => {
      objects = next;
    },
  };
}

const app = (reference: string) => ({ ...CHART, 'app/.flux.yaml': config('chart: ../chart', `valuesFrom: [{${reference}}]`) });
const WEB = 'kind: Secret, name: web';

test('values of objects are between those of files and those of the config file, in their order', async () => {
  const { read, runs } = openWith({
    'configmap/web': present('1', { 'values.yaml': 'a: 2\n', other: 'a: 3\n' }),
    'secret/web': present('2', { port: '80' }),
  });
  const { manifests, errors } = await read({
    ...CHART,
    'app/.flux.yaml': config(
      'chart: ../chart',
      'valuesFiles: [v.yaml]',
      'values: {a: 5}',
      'valuesFrom:',
      '- {kind: ConfigMap, name: web}',
      '- {kind: ConfigMap, name: web, valuesKey: other}',
      '- {kind: Secret, name: web, valuesKey: port, targetPath: service.a\\.b}',
    ),
    'app/v.yaml': 'a: 1\n',
  });
  expect(errors).toEqual([]);
  expect(manifests.map(({ confidential }) => confidential)).toEqual(['all']);
  const [run] = runs;
  expect(run?.files.isConfidential).toBe(true);
  expect(run?.files.files.filter(({ path }) => path.startsWith('values/')).map(({ content }) => `${content}`)).toEqual([
    ...['a: 1\n', 'a: 2\n', 'a: 3\n', '{"service": {"a.b": 80}}\n', 'a: 5\n'],
  ]);
  expect(run?.args).toEqual(expect.arrayContaining([0, 1, 2, 3, 4].map((n) => `--values=./values/${n}.yaml`)));
});

test('values of a ConfigMap are shown like files', async () => {
  const { read, runs } = openWith({ 'configmap/web': present('1', { 'values.yaml': 'a: 2\n' }) });
  const { manifests } = await read(app('kind: ConfigMap, name: web'));
  expect([runs[0]?.files.isConfidential, manifests[0]?.confidential]).toEqual([false, undefined]);
});

describe('what refuses the folder, and quotes nothing', () => {
  const planted = plant('text', 'name');
  const bad = (text: string) => ({ 'secret/web': present('1', { 'values.yaml': `${text}${planted.text}` }) });
  test.each<[string, Readonly<Record<string, ValueObject>> | undefined, string, string]>([
    [
      'an object that no operator named',
      { 'secret/other': present('1', {}) },
      WEB,
      'is not among the objects that fluxd may read',
    ],
    ['the same, if it is optional', {}, `${WEB}, optional: true`, 'is not among the objects'],
    ['any object without --substitute-from', undefined, WEB, 'is not among the objects'],
    ['an object that is absent', { 'secret/web': { kind: 'absent' } }, WEB, 'secret/web of valuesFrom does not exist'],
    ['a missing key', { 'secret/web': present('1', { a: 'a' }) }, WEB, 'secret/web of valuesFrom has no text under values.yaml'],
    ['a name of every object', { 'secret/web': present('1', {}) }, `${WEB}, valuesKey: __proto__`, 'has no text under __proto__'],
    [
      'an object that cannot be read',
      { 'secret/web': { kind: 'unreadable', why: 'no answer' } },
      WEB,
      'cannot be read: no answer',
    ],
    ['a text that is no map', bad('- '), WEB, 'values.yaml of secret/web is not one YAML map'],
    ['a text that is no YAML', bad('{'), WEB, 'is not one YAML map'],
    ['two documents', bad('a: 1\n---\nb: '), WEB, 'is not one YAML map'],
    ['the syntax of --set', bad('a,'), `${WEB}, targetPath: a`, 'values.yaml of secret/web has a comma'],
  ])('%s', async (_, objects, reference, why) => {
    const { read } = openWith(objects);
    const { manifests, errors } = await read(app(reference));
    expect(manifests).toEqual([]);
    const said = errors.map(({ error }) => `${error.message} ${error.help} ${error.cause}`).join();
    expect(said).toContain(why);
    expect(leaksOf(planted, new Map([['errors', said]]))).toEqual([]);
  });

  test.each([
    ['a list', 'a[0]'],
    ['nothing', 'a..b'],
  ])('a path of %s', async (_, path) => {
    const { errors } = await openWith({}).read(app(`${WEB}, targetPath: "${path}"`));
    expect(errors.map(({ error }) => error.message).join()).toContain('helm.valuesFrom.0.targetPath: expected keys with dots');
  });
});

test.each<[string, ValueObject]>([
  ['object', { kind: 'absent' }],
  ['key', present('1', {})],
])('an optional %s may be missing', async (_, object) => {
  const { read, runs } = openWith({ 'secret/web': object });
  const { manifests, errors } = await read(app(`${WEB}, optional: true`));
  expect([errors, manifests.length]).toEqual([[], 1]);
  expect(runs[0]?.args.filter((each) => each.startsWith('--values='))).toHaveLength(1);
});

test('a changed object renders its folders again, and nothing else', async () => {
  const { read, runs, set } = openWith({
    'secret/web': present('1', { 'values.yaml': 'a: 1' }),
    'secret/api': present('1', { 'values.yaml': 'a: 1' }),
  });
  const entries = {
    ...app(WEB),
    'api/.flux.yaml': config('chart: ../chart', 'valuesFrom: [{kind: Secret, name: api}]'),
    'none/.flux.yaml': config('chart: ../chart'),
  };
  const rendered = async () => {
    await read(entries);
    return runs
      .splice(0)
      .map(({ args }) => args[0])
      .sort();
  };
  expect(await rendered()).toEqual(['api', 'app', 'none']);
  expect(await rendered()).toEqual([]);
  set({ 'secret/web': present('2', { 'values.yaml': 'a: 2' }), 'secret/api': present('1', { 'values.yaml': 'a: 1' }) });
  expect(await rendered()).toEqual(['app']);
});

test.each([
  ['80', false, '80'],
  ['TRUE', false, 'true'],
  ['null', false, 'null'],
  ['0', false, '0'],
  ['007', false, '"007"'],
  ['+5', false, '5'],
  ['9223372036854775808', false, '"9223372036854775808"'],
  ['1.5', false, '"1.5"'],
  ['"80"', false, '"80"'],
  ['80', true, '"80"'],
  ['a,b{\\', true, '"a,b{\\\\"'],
  ['\u0085é\u2028😀', false, '"\\u0085\\u00e9\\u2028😀"'],
])('the text %s is one value (literal: %s)', (text, literal, expected) => {
  expect(setText(['a'], text, literal)).toBe(`{"a": ${expected}}\n`);
});

import { expect, test } from 'vitest';
import { open } from './program.ts';

/** In each place that kustomize may quote. */
const K = 'kustomization.yaml';
const C = 'hunter2canary';
const cm = (n: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${n}\ndata:\n  key: ${C}\n`;
const sec = (n: string) => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${n}\nstringData:\n  password: ${C}\n`;
const one = (name: string, k: string, rest: Record<string, string> = {}) =>
  Object.fromEntries([
    [`${name}/${K}`, k],
    [`${name}/a.yaml`, cm('a')],
    [`${name}/s.yaml`, sec('s')],
    ...Object.entries(rest).map(([p, t]) => [`${name}/${p}`, t]),
  ]);
const R = 'resources: [a.yaml, s.yaml]\n';
const inline = (patch: string, target = '{ kind: Secret }') =>
  `${R}patches:\n- target: ${target}\n  patch: |-\n${patch
    .split('\n')
    .map((l) => `    ${l}`)
    .join('\n')}\n`;
const CASES: Record<string, string> = {
  ...one('literal', `secretGenerator: [{ name: s, literals: [${C}] }]\n`),
  ...one('literal-no-key', `secretGenerator: [{ name: s, literals: ["=${C}"] }]\n`),
  ...one('literal-twice', `secretGenerator: [{ name: s, literals: [k=${C}, k=${C}2] }]\n`),
  ...one('literal-bad-key', `secretGenerator: [{ name: s, literals: ["a b ${C}=1"] }]\n`),
  ...one('literal-type', `secretGenerator: [{ name: s, behavior: ${C}, literals: [k=${C}] }]\n`),
  ...one('merge-none', `secretGenerator: [{ name: s, behavior: merge, literals: [k=${C}] }]\n`),
  ...one('env', 'secretGenerator: [{ name: s, envs: [e.env] }]\n', { 'e.env': `${C} with blank=1\n` }),
  ...one('env-utf8', 'secretGenerator: [{ name: s, envs: [e.env] }]\n', { 'e.env': `=${C}\n` }),
  ...one('file', 'secretGenerator: [{ name: s, files: ["a b=e.env"] }]\n', { 'e.env': `${C}\n` }),
  ...one('file-twice', 'secretGenerator: [{ name: s, files: [k=e.env, k=e.env] }]\n', { 'e.env': `${C}\n` }),
  ...one('inline-smp', inline(`apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: ${C}}\nbad: [`)),
  ...one('inline-smp-type', inline(`apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: [${C}]`)),
  ...one(
    'inline-smp-none',
    `${R}patches:\n- patch: |-\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: none}\n    stringData: {password: ${C}}\n`,
  ),
  ...one('inline-json', inline(`- {op: add, path: /stringData/x/y/z, value: ${C}}`)),
  ...one('inline-json-test', inline(`- {op: test, path: /stringData/password, value: x${C}}`)),
  ...one('inline-json-remove', inline(`- {op: remove, path: /stringData/none}`)),
  ...one('inline-json-op', inline(`- {op: ${C}, path: /stringData/none}`)),
  ...one('inline-json-syntax', inline(`- {op: add, path: /stringData/none, value: ${C}`)),
  ...one('inline-json-json', inline(`[{"op": "add", "path": "/stringData/none", "value": "${C}]`)),
  ...one('inline-json-notarget', `${R}patches:\n- patch: '[{"op":"add","path":"/a","value":"${C}"}]'\n`),
  ...one('file-smp', `${R}patches: [{ path: p.yaml }]\n`, { 'p.yaml': `${sec('none')}` }),
  ...one('file-smp-syntax', `${R}patches: [{ path: p.yaml }]\n`, { 'p.yaml': `${sec('s')}  "x: ${C}\n` }),
  ...one('file-smp-noname', `${R}patches: [{ path: p.yaml }]\n`, { 'p.yaml': `kind: Secret\nstringData: { a: ${C} }\n` }),
  ...one('file-json', `${R}patches: [{ path: p.yaml, target: { kind: Secret } }]\n`, {
    'p.yaml': `- {op: replace, path: /a/b, value: ${C}}\n`,
  }),
  ...one('file-json-syntax', `${R}patches: [{ path: p.yaml, target: { kind: Secret } }]\n`, {
    'p.yaml': `- {op: replace, path: /a/b, value: ${C}\n`,
  }),
  ...one('file-text', `${R}patches: [{ path: p.yaml, target: { kind: Secret } }]\n`, { 'p.yaml': `${C}\n` }),
  ...one(
    'replacement',
    `${R}replacements:\n- source: { kind: Secret, name: s, fieldPath: stringData.${C} }\n  targets: [{ select: { kind: ConfigMap }, fieldPaths: [data.key] }]\n`,
  ),
  ...one(
    'replacement-target',
    `${R}replacements:\n- source: { kind: Secret, name: s, fieldPath: stringData.password }\n  targets: [{ select: { kind: ConfigMap }, fieldPaths: [data.key.deep.${C}] }]\n`,
  ),
  ...one(
    'replacement-delimiter',
    `${R}replacements:\n- source: { kind: Secret, name: s, fieldPath: stringData.password, options: { delimiter: "/", index: 7 } }\n  targets: [{ select: { kind: ConfigMap }, fieldPaths: [data.key] }]\n`,
  ),
  ...one(
    'replacement-none',
    `${R}replacements:\n- source: { kind: Secret, name: none, fieldPath: stringData.password }\n  targets: [{ select: { kind: ConfigMap }, fieldPaths: [data.key] }]\n`,
  ),
  ...one(
    'vars',
    `${R}vars: [{ name: V, objref: { kind: Secret, name: none, apiVersion: v1 }, fieldref: { fieldpath: stringData.password } }]\n`,
  ),
  ...one(
    'vars-field',
    `${R}vars: [{ name: V, objref: { kind: Secret, name: s, apiVersion: v1 }, fieldref: { fieldpath: stringData.${C} } }]\n`,
  ),
  ...one('yaml', `resources: [b.yaml]\n`, { 'b.yaml': `${sec('s')}  "x: ${C}\n` }),
  ...one('yaml-tab', `resources: [b.yaml]\n`, { 'b.yaml': `${sec('s')}\t${C}: [\n` }),
  ...one('yaml-tag', `resources: [b.yaml]\n`, { 'b.yaml': `${sec('s')}  k: *${C}\n` }),
  ...one('yaml-dup', `resources: [b.yaml]\n`, { 'b.yaml': `${sec('s')}  ${C}: a\n  ${C}: a\n` }),
  ...one('no-kind', `resources: [b.yaml]\n`, { 'b.yaml': `stringData: { a: ${C} }\n` }),
  ...one('no-name', `resources: [b.yaml]\n`, { 'b.yaml': `apiVersion: v1\nkind: Secret\nstringData: { a: ${C} }\n` }),
  ...one('text', `resources: [b.yaml]\n`, { 'b.yaml': `${C}\n` }),
  ...one('list', `resources: [b.yaml]\n`, { 'b.yaml': `- ${C}\n` }),
  ...one('twice', `resources: [a.yaml, b.yaml]\n`, { 'b.yaml': cm('a') }),
  ...one('labels', `${R}labels: [{ pairs: { a: "${C} no label" } }]\n`),
  ...one('labels-list', `resources: [b.yaml]\nlabels: [{ pairs: { a: b } }]\n`, {
    'b.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: s, labels: [${C}] }\n`,
  }),
  ...one('ann', `resources: [b.yaml]\ncommonAnnotations: { a: b }\n`, {
    'b.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: s, annotations: { a: { b: ${C} } } }\n`,
  }),
  ...one('images', `resources: [b.yaml]\nimages: [{ name: x, newTag: y }]\n`, {
    'b.yaml': `apiVersion: v1\nkind: Pod\nmetadata: { name: s }\nspec: { containers: [{ image: [${C}] }] }\n`,
  }),
  ...one('replicas', `${R}replicas: [{ name: none, count: 1 }]\n`),
  ...one('type', `${R}namePrefix: [${C}]\n`),
  ...one('ns', `resources: [b.yaml]\nnamespace: x\n`, {
    'b.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: [${C}] }\n`,
  }),
  [`over/${K}`]: 'resources: [../under]\n',
  [`under/${K}`]: 'resources: [u.yaml]\n',
  'under/u.yaml': `kind: "${C}\n`,
};

test('no error shows what is in a file, and each says more than that it failed (S-027)', async () => {
  const { errors } = await open().read(CASES);
  const failed = errors.filter(({ error }) => error.message.startsWith('kustomize build failed'));
  expect(failed.length).toBeGreaterThan(40);
  expect(errors.filter(({ error }) => JSON.stringify([error.message, error.help]).includes(C))).toEqual([]);
  const silent = failed.filter(({ error }) => !error.message.includes('error output:'));
  expect(silent.map(({ file }) => file)).toEqual([]);
});

test('the person who renders a clone sees all', async () => {
  const { errors } = await open({ verbatim: true }).read(CASES);
  const quoting = errors.filter(({ error }) => error.message.includes(C));
  expect(quoting.length).toBeGreaterThan(10);
});

test('the file and the line of a mistake are named', async () => {
  const { errors } = await open().read(CASES);
  const messageOf = (name: string) =>
    errors
      .find(({ file }) => file === `${name}/${K}`)
      ?.error.message.split('\n')
      .at(-1);
  expect(messageOf('over')).toBe('MalformedYAMLError: line 2: found unexpected end of stream in under/u.yaml');
  expect(messageOf('file-smp-syntax')).toBe('unable to parse SM or JSON patch in file-smp-syntax/p.yaml');
});

import { expect, test } from 'vitest';
import { ownWords, requireOwnWords } from '../../../src/manifests/decryption/own-words.ts';
import type { ObjectChange } from '../../../src/manifests/index.ts';

const object = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web-x', namespace: 'shop' },
  spec: { template: { spec: { containers: [{ name: 'app', image: 'acme/web:1' }] } } },
};
const manifest = { object, checksum: '', place: { file: 'a.yaml', document: 1, line: 1 } };
const id = 'shop:deployment/web-x';
const images: ObjectChange = { id, manifest, change: { kind: 'images', images: new Map([['app', 'acme/web:2']]) } };
const annotations: ObjectChange = {
  id,
  manifest,
  change: { kind: 'annotations', annotations: new Map([['fluxcd.io/tag.app', 'semver:~1']]) },
};
const words = ownWords([images, annotations], ['staging/flux-patch.yaml']);
const PATCH = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n';

test.each([
  ['', `${PATCH}spec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: acme/web:2\n`],
  ['', `${PATCH}  annotations:\n    fluxcd.io/tag.app: semver:~1\n`],
  ['list:\n- KEY: value\n', 'list:\n- KEY: value\n- name: app\n'],
  ['', 'a:\n- $patch: delete\n'.replace('a:', 'containers:')],
])('after %j, %j may be written', (before, after) => {
  expect(requireOwnWords(before, after, words)).toBe(after);
});

test.each([
  ['a value', 'name: canary\n'],
  ['a number', 'name: 1234\n'],
  ['a long number', 'name: 12345678901234567890\n'],
  ['an item', 'containers: [canary]\n'],
  ['the name of a field with a map', 'containers:\n- name: app\n  CANARY: {}\n'],
  ['the name of a field with a list', 'CANARY: []\n'],
  ['the name of a field with nothing', 'CANARY: null\n'],
  ['the name of a field with a known value', 'CANARY: app\n'],
])('%s from elsewhere is refused', (_, after) => {
  expect(() => requireOwnWords('', after, words)).toThrow(expect.objectContaining({ code: 'decryption/edit-refused' }));
});

test('where fields are those of a chart, only values count', () => {
  const { values } = words;
  expect(requireOwnWords('', 'sidecar: { image: { tag: "2" } }\n', { values })).toContain('sidecar');
  expect(() => requireOwnWords('', 'sidecar: canary\n', { values })).toThrow('may be decrypted');
});

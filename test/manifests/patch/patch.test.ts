import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonMap } from '../../../src/base/index.ts';
import { diffObjects, patchObject } from '../../../src/manifests/patch/patch.ts';
import { pairs } from './objects.ts';

/** Made by the packages that Flux v1 used (reference/README.md). */
const reference: readonly { readonly from: JsonMap; readonly to: JsonMap; readonly patch: JsonMap; readonly merged: JsonMap }[] =
  JSON.parse(readFileSync(new URL('reference/patches.json', import.meta.url), 'utf8'));

const kindOf = ({ apiVersion, kind }: JsonMap) => ({ apiVersion: String(apiVersion), kind: String(kind) });

test('patches are those of Kubernetes', () => {
  expect(reference.length).toBe(110);
  for (const { from, to, patch } of reference) expect(diffObjects(kindOf(from), from, to)).toEqual(patch);
});

test('its patches are applied as it applies them', () => {
  for (const { from, patch, merged } of reference) expect(patchObject(kindOf(from), from, patch)).toEqual(merged);
});

test('a patch leads from one object to the other, and changes neither', () => {
  fc.assert(
    fc.property(pairs, ([from, to]) => {
      const before = structuredClone([from, to]);
      const patch = diffObjects(kindOf(from), from, to);
      expect(patchObject(kindOf(from), from, patch)).toEqual(to);
      expect([from, to]).toEqual(before);
      expect(diffObjects(kindOf(to), to, to)).toEqual({});
    }),
  );
});

test('items that share their key are replaced as a whole', () => {
  const service = (...ports: readonly JsonMap[]): JsonMap => ({ apiVersion: 'v1', kind: 'Service', spec: { ports: [...ports] } });
  const from = service({ port: 53, protocol: 'TCP' }, { port: 53, protocol: 'UDP' });
  const to = service({ port: 53, protocol: 'TCP', name: 'dns' }, { port: 53, protocol: 'UDP' });
  const patch = diffObjects(kindOf(from), from, to);
  expect(patchObject(kindOf(from), from, patch)).toEqual(to);
});

test('a key that is special to JavaScript is one like others (S-022)', () => {
  const from = JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1"}}') as JsonMap;
  const to = JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1","__proto__":"x","constructor":"y"}}') as JsonMap;
  for (const kind of [kindOf(from), { apiVersion: 'example.org/v1', kind: 'Part' }]) {
    const patch = diffObjects(kind, from, to);
    expect(JSON.stringify(patchObject(kind, from, patch))).toBe(JSON.stringify(to));
  }
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

test.each([
  [{ $patch: 'enlarge' }, '$patch: enlarge'],
  [{ metadata: { $retainKeys: 'a' } }, '$retainKeys'],
  [{ spec: { template: { spec: { containers: [{ image: 'x' }] } } } }, 'an item without name'],
  [{ spec: { template: { spec: { containers: ['x'] } } } }, 'an item without name'],
])('a patch that is none is refused: %j', (patch, message) => {
  const from = { metadata: { name: 'a' }, spec: { template: { spec: { containers: [{ name: 'a' }] } } } };
  expect(() => patchObject({ apiVersion: 'apps/v1', kind: 'Deployment' }, from, patch)).toThrow(message);
});

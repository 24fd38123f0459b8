import { expect, test } from 'vitest';
import type { ValueObject, ValueObjects } from '../../../src/manifests/index.ts';
import { variablesIn } from '../../../src/manifests/substitution/variables.ts';

const present = (version: string, data: Readonly<Record<string, string>>): ValueObject => ({ kind: 'present', version, data });
const SETTINGS = present('u/1', { REGION: 'eu', BOTH: 'map', 'not-a-name': 'x', 'a.yaml': 'x' });
const PASSWORDS = present('u/2', { PASSWORD: 'hunter2', BOTH: 'secret' });
const UNREADABLE: ValueObject = { kind: 'unreadable', why: 'GET …: forbidden' };

const objects = (settings: ValueObject, passwords: ValueObject, optional = false): ValueObjects => ({
  kind: 'read',
  byName: new Map([
    ['configmap/settings', settings],
    ['secret/passwords', passwords],
  ]),
  optional,
});

test('later objects win; keys that are no names of variables have no part', () => {
  expect(variablesIn(objects(SETTINGS, PASSWORDS))).toEqual({
    values: {
      REGION: { value: 'eu', isSecret: false },
      BOTH: { value: 'secret', isSecret: true },
      PASSWORD: { value: 'hunter2', isSecret: true },
    },
    sources: ['configmap/settings', 'secret/passwords'],
    version: 'u/1 u/2',
    optional: false,
  });
});

test.each<[string, ValueObject, string]>([
  ['cannot be read', UNREADABLE, 'secret/passwords cannot be read: GET …: forbidden'],
  ['does not exist', { kind: 'absent' }, 'secret/passwords does not exist'],
])('while one of them %s, no value is known', (_, object, unknown) => {
  expect(variablesIn(objects(SETTINGS, object))).toMatchObject({ values: {}, version: 'unknown', unknown });
});

test('one that does not exist has no values, where values are optional; one that cannot be read still counts', () => {
  const without = variablesIn(objects(SETTINGS, { kind: 'absent' }, true));
  expect(Object.keys(without?.values ?? {})).toEqual(['REGION', 'BOTH']);
  expect(without).not.toHaveProperty('unknown');
  expect(variablesIn(objects(SETTINGS, UNREADABLE, true))).toMatchObject({ values: {}, unknown: expect.anything() });
});

test('an object without variables changes nothing of them', () => {
  const charts = (version: string) => variablesIn(objects(SETTINGS, present(version, { 'values.yaml': 'a: 1' })));
  expect(charts('u/2')).toEqual(charts('u/3'));
});

test('where objects are left out, there are no variables', () => {
  expect(variablesIn({ kind: 'left-out' })).toBeUndefined();
});

import { expect, test } from 'vitest';
import { FluxError, silentLogger } from '../../src/base/index.ts';
import type { OwnValues } from '../../src/cluster/index.ts';
import { valueObjectsOf } from '../../src/controller/value-objects-of-flags.ts';
import { createTestLog } from '../support/test-log.ts';

const SOURCES = [
  { kind: 'ConfigMap', name: 'settings' },
  { kind: 'Secret', name: 'passwords' },
] as const;
const SETTINGS: OwnValues = { version: 'u/1', data: { REGION: 'eu', 'values.yaml': 'a: 1' } };
const PASSWORDS: OwnValues = { version: 'u/2', data: { PASSWORD: 'hunter2' } };

type Answers = Readonly<Record<string, OwnValues | Error | undefined>>;

const read = (answers: Answers, log = silentLogger()) => {
  const cluster = {
    async ownValues({ name }: { readonly name: string }) {
      const answer = answers[name];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return valueObjectsOf({ sources: SOURCES, optional: false }, { cluster, log })({});
};

test('each object is read, under its name and in the order of the flag', async () => {
  const objects = await read({ settings: SETTINGS, passwords: PASSWORDS });
  expect(objects).toMatchObject({ kind: 'read', optional: false });
  expect(objects.kind === 'read' && [...objects.byName]).toEqual([
    ['configmap/settings', { kind: 'present', ...SETTINGS }],
    ['secret/passwords', { kind: 'present', ...PASSWORDS }],
  ]);
});

test('one that does not exist, or cannot be read, is known to be so, and the others are there', async () => {
  const { log, lines } = await createTestLog();
  const failure = new FluxError('GET …: forbidden', { code: 'cluster/forbidden' });
  const forbidden = await read({ settings: SETTINGS, passwords: failure }, log);
  expect(forbidden.kind === 'read' && [...forbidden.byName.values()]).toEqual([
    { kind: 'present', ...SETTINGS },
    { kind: 'unreadable', why: 'GET …: forbidden' },
  ]);
  expect(lines()).toMatchObject([{ object: 'secret/passwords', msg: 'object with values cannot be read' }]);
  const absent = await read({ settings: undefined, passwords: PASSWORDS });
  expect(absent.kind === 'read' && absent.byName.get('configmap/settings')).toEqual({ kind: 'absent' });
});

test('a mistake of ours is not taken for an absent value', async () => {
  await expect(read({ settings: new TypeError('x') })).rejects.toThrow(TypeError);
});

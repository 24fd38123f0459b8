import { expect, test } from 'vitest';
import { FluxError, silentLogger } from '../../src/base/index.ts';
import type { OwnValues } from '../../src/cluster/index.ts';
import { variablesOf } from '../../src/controller/variables-of-flags.ts';

const SOURCES = [
  { kind: 'ConfigMap', name: 'settings' },
  { kind: 'Secret', name: 'passwords' },
] as const;
const SETTINGS: OwnValues = { version: 'u/1', data: { REGION: 'eu', BOTH: 'map', 'not-a-name': 'x', 'a.yaml': 'x' } };
const PASSWORDS: OwnValues = { version: 'u/2', data: { PASSWORD: 'hunter2', BOTH: 'secret' } };

type Answers = Readonly<Record<string, OwnValues | Error | undefined>>;

const read = (answers: Answers, optional = false) => {
  const cluster = {
    async ownValues({ name }: { readonly name: string }) {
      const answer = answers[name];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return variablesOf({ sources: SOURCES, optional }, { cluster, log: silentLogger() })({});
};

test('later objects win; keys that are no names of variables have no part', async () => {
  expect(await read({ settings: SETTINGS, passwords: PASSWORDS })).toEqual({
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

test.each([
  [
    'is forbidden',
    new FluxError('GET …: forbidden', { code: 'cluster/forbidden' }),
    'secret/passwords cannot be read: GET …: forbidden',
  ],
  ['does not exist', undefined, 'secret/passwords does not exist'],
])('while one of them %s, nothing is known', async (_, answer, unknown) => {
  expect(await read({ settings: SETTINGS, passwords: answer })).toMatchObject({ values: {}, version: 'unknown', unknown });
});

test('one that does not exist has no values, where values are optional; one that cannot be read still counts', async () => {
  const without = await read({ settings: SETTINGS, passwords: undefined }, true);
  expect(Object.keys(without.values)).toEqual(['REGION', 'BOTH']);
  expect(without).not.toHaveProperty('unknown');
  const failure = new FluxError('no answer', { code: 'cluster/unreachable' });
  expect(await read({ settings: SETTINGS, passwords: failure }, true)).toMatchObject({ values: {}, unknown: expect.anything() });
});

test('a mistake of ours is not taken for an absent value', async () => {
  await expect(read({ settings: new TypeError('x') })).rejects.toThrow(TypeError);
});

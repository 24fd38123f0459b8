import { expect, test } from 'vitest';
import { type ImageTarget, mergeTargets } from '../../src/image/index.ts';

const secrets = (namespace: string) => [{ namespace, secrets: ['s'], serviceAccount: 'default' }];

test('targets of one image become one, with the secrets, tags and times that any of them needs', () => {
  const targets: readonly ImageTarget[] = [
    { name: 'a', pullSecrets: secrets('one'), inUse: ['1', '2'] },
    { name: 'b', pullSecrets: secrets('one') },
    { name: 'a', pullSecrets: secrets('two'), inUse: ['2', '3'], needsTimes: (tag) => tag.startsWith('dev') },
    { name: 'a', pullSecrets: secrets('two'), needsTimes: (tag) => tag.startsWith('main') },
  ];
  const [a, b, ...others] = mergeTargets(targets);
  expect(others).toEqual([]);
  expect(b).toBe(targets[1]);
  expect(a).toMatchObject({
    name: 'a',
    pullSecrets: [...secrets('one'), ...secrets('two'), ...secrets('two')],
    inUse: ['1', '2', '3'],
  });
  expect(['dev-1', 'main-1', '1'].map((tag) => a?.needsTimes?.(tag))).toEqual([true, true, false]);
});

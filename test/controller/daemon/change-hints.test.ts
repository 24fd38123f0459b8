import { beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { createChangeHints } from '../../../src/controller/daemon/change-hints.ts';
import type { NotifiedChange } from '../../../src/controller/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';

let clock: ManualClock;
let asked: string[];
let notify: (change: NotifiedChange) => Promise<boolean>;
beforeEach(() => {
  clock = new ManualClock();
  asked = [];
  notify = createChangeHints({
    source: { branch: 'main', follows: () => 'main' },
    images: {
      scanNow: async (name) => {
        asked.push(`scan ${name}`);
        throw new Error('the registry is down');
      },
    },
    fetch: () => asked.push('fetch'),
    sameRepository: (url) => url === 'ours' || url === 'ours too',
    clock,
    log: silentLogger(),
  });
});

const CASES: readonly (readonly [string, NotifiedChange, string[]])[] = [
  ['our branch, told by Flux v1', { kind: 'git', url: 'ours', branch: 'main' }, ['fetch']],
  ['another branch, told by Flux v1', { kind: 'git', url: 'ours', branch: 'next' }, []],
  ['a repository of another name, told by Flux v1', { kind: 'git', url: 'theirs', branch: 'next' }, ['fetch']],
  ['a push to our branch', { kind: 'push', urls: ['ours'], branch: 'main' }, ['fetch']],
  ['a push by another of our names', { kind: 'push', urls: ['theirs', 'ours too'], branch: 'main' }, ['fetch']],
  ['a push to another branch', { kind: 'push', urls: ['ours'], branch: 'next' }, []],
  ['a push to another repository', { kind: 'push', urls: ['theirs'], branch: 'main' }, []],
  ['a push to a repository without a name', { kind: 'push', urls: [], branch: 'main' }, []],
  ['a push that says nothing', { kind: 'push' }, ['fetch']],
  ['a push that says the branch only', { kind: 'push', branch: 'next' }, []],
  ['an image', { kind: 'image', domain: 'ghcr.io', image: 'acme/api' }, ['scan ghcr.io/acme/api']],
  ['an image of Docker Hub', { kind: 'image', domain: '', image: 'alpine' }, ['scan index.docker.io/library/alpine']],
];
test.each(CASES)('%s', async (_, change, leadsTo) => {
  expect(await notify(change)).toBe(leadsTo.length > 0);
  expect(asked).toEqual(leadsTo);
});

test('what is no image is refused', async () => {
  await expect(notify({ kind: 'image', domain: '', image: 'a:b:c' })).rejects.toMatchObject({ code: 'image/bad-reference' });
});

test('a flood of news leads to two fetches a second, and the last one comes after the last news (S-078)', async () => {
  for (let ms = 0; ms < 10_000; ms += 2) {
    await notify({ kind: 'push', urls: ['ours'], branch: 'main' });
    clock.advance(2);
  }
  expect(asked.length).toBeGreaterThanOrEqual(19);
  expect(asked.length).toBeLessThanOrEqual(21);
  const before = asked.length;
  clock.advance(500);
  await until('it rests', () => clock.sleeping === 0 || asked.length > before);
  clock.advance(500);
  await until('nothing is left', () => clock.sleeping === 0);
  expect(asked.length).toBe(before + 1);
});

import { expect, test } from 'vitest';
import { originOf } from '../../src/image/index.ts';

const SOURCE = 'org.opencontainers.image.source';
const REVISION = 'org.opencontainers.image.revision';

test.each<[label: string, expected: string | undefined]>([
  ['https://github.com/acme/shop', 'https://github.com/acme/shop'],
  ['https://ann:secret@git.example/shop.git', 'https://git.example/shop.git'],
  ['git@github.com:acme/shop.git', 'github.com:acme/shop.git'],
  ['', undefined],
  ['https://git.example/a shop', undefined],
  ['https://git.example/shop#12', undefined],
  ['https://git.example/shop [ci skip]', undefined],
  ['https://git.example/[ci-skip]', undefined],
  ['***NO_CI***', undefined],
  ['https://git.example/shop\nFlux-Job-Id: 1', undefined],
  ['https://git.example/\u202eshop', undefined],
  [`https://git.example/${'a'.repeat(300)}`, undefined],
])('source %j', (label, expected) => {
  expect(originOf({ [SOURCE]: label })?.source).toBe(expected);
});

test.each<[label: unknown, expected: string | undefined]>([
  ['3f2a91c04c8e0b1ef1d5b6b8a2f0b7d6ee1c4a55', '3f2a91c04c8e0b1ef1d5b6b8a2f0b7d6ee1c4a55'],
  ['refs/tags/v1.2.0+1', 'refs/tags/v1.2.0+1'],
  ['abc\nSigned-off-by: x', undefined],
  ['abc [skip ci]', undefined],
  ['@team', undefined],
  ['a'.repeat(129), undefined],
  [12, undefined],
  [undefined, undefined],
])('revision %j', (label, expected) => {
  expect(originOf({ [REVISION]: label })?.revision).toBe(expected);
});

test('an image without usable labels has no origin', () => {
  expect(originOf({})).toBeUndefined();
  expect(originOf({ [REVISION]: '', other: 'x' })).toBeUndefined();
});

import { expect, test } from 'vitest';
import { banOfReplaced, formatBan } from '../../src/policy/index.ts';

const D = `sha256:${'d'.repeat(64)}`;

test.each<[tag: string, digest: string | undefined, replacement: string, ban: string | undefined]>([
  ['1.3.0', undefined, '1.2.0', '1.3.0'],
  ['1.3.0', D, '1.2.0', '1.3.0'],
  ['v2.0.0-rc.1', D, 'v1.9.0', 'v2.0.0-rc.1'],
  ['main-4f1c2aa', D, 'main-11aa22b', 'main-4f1c2aa'],
  ['2026-11-30', D, '2026-11-29', '2026-11-30'],
  ['build12', D, 'build11', 'build12'],
  // Tags that move.
  ['latest', D, '1.2.0', `latest@${D}`],
  ['stable', D, '1.2.0', `stable@${D}`],
  ['1', D, '1.2.0', `1@${D}`],
  ['v1.25', D, 'v1.24', `v1.25@${D}`],
  // Without a digest, the tag is all there is.
  ['latest', undefined, '1.2.0', 'latest'],
  // The same tag was pushed again.
  ['1.3.0', D, '1.3.0', `1.3.0@${D}`],
  ['1.3.0', undefined, '1.3.0', undefined],
  ['', D, '', `@${D}`],
  ['', undefined, '1.2.0', undefined],
])('%j with digest %j, replaced by %j, is banned as %j', (tag, digest, replacement, expected) => {
  const ban = banOfReplaced({ tag, digest }, { tag: replacement });
  expect(ban && formatBan(ban)).toBe(expected);
});

test('a tag that points to another digest by now is banned by the digest that ran', () => {
  const ban = banOfReplaced({ tag: '1.3.0', digest: D, hasMoved: true }, { tag: '1.2.0' });
  expect(ban && formatBan(ban)).toBe(`1.3.0@${D}`);
});

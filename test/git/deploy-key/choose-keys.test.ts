import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chooseKeys, type Found } from '../../../src/git/deploy-key/choose-keys.ts';
import { fingerprintOf, type KeyPair, privateKeyIn } from '../../../src/git/deploy-key/key-pair.ts';
import { firstKey, regenerated, settled, storedKeys } from '../../../src/git/deploy-key/stored-keys.ts';

const pair = (name: string): KeyPair => ({
  privateKey: Buffer.from(`private ${name}\n`),
  publicKey: `ssh-ed25519 ${Buffer.from(name).toString('base64')} flux\n`,
});
const [old, now, mine] = [pair('old'), pair('now'), pair('mine')];

describe('the order in which keys count', () => {
  const CASES: readonly (readonly [string, Found, ReturnType<typeof chooseKeys>])[] = [
    ['nothing', { replaced: [] }, undefined],
    ['only a mounted one', { mounted: mine, replaced: [] }, { current: mine, from: 'mount' }],
    ['only a stored one', { current: now, replaced: [] }, { current: now, from: 'secret' }],
    ['the Secret is mounted', { mounted: now, current: now, replaced: [] }, { current: now, from: 'secret' }],
    ['another Secret is mounted, as in Flux v1', { mounted: mine, current: now, replaced: [] }, { current: mine, from: 'mount' }],
    [
      'the mount lags behind a regeneration',
      { mounted: old, current: now, previous: old, replaced: [fingerprintOf(old)] },
      { current: now, previous: old, from: 'secret' },
    ],
    [
      'a mount that never follows, after the hosts accepted the new key',
      { mounted: old, current: now, replaced: [fingerprintOf(old)] },
      { current: now, from: 'secret' },
    ],
    [
      'another one is mounted after a regeneration',
      { mounted: mine, current: now, previous: old, replaced: [fingerprintOf(old)] },
      { current: mine, from: 'mount' },
    ],
  ];
  test.each(CASES)('%s', (_, found, expected) => expect(chooseKeys(found)).toEqual(expected));
});

describe('the Secret', () => {
  const state = (data: Record<string, string>, replaced?: string) => ({
    version: '7',
    data: new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)])),
    annotations: new Map(replaced === undefined ? [] : [['fluxcd.io/replaced-keys', replaced]]),
  });

  test.each([
    ['no Secret', undefined, 'identity', { version: 'absent', replaced: [] }],
    ['one that was prepared', state({ identity: ' \n' }), 'identity', { version: '7', replaced: [] }],
    ['that of Flux v1', state({ identity: 'k' }), 'identity', { version: '7', current: Buffer.from('k\n'), replaced: [] }],
    ['a key of its own', state({ id: 'a', identity: 'b' }), 'id', { version: '7', current: Buffer.from('a\n'), replaced: [] }],
    ['what Flux v1 wrote', state({ identity: 'b' }), 'id', { version: '7', current: Buffer.from('b\n'), replaced: [] }],
    [
      'one between two keys',
      state({ identity: 'b\n', 'identity.previous': 'a\n' }, 'SHA256:x SHA256:y'),
      'identity',
      { version: '7', current: Buffer.from('b\n'), previous: Buffer.from('a\n'), replaced: ['SHA256:x', 'SHA256:y'] },
    ],
  ])('read: %s', (_, given, dataKey, expected) => expect(storedKeys(given, dataKey)).toEqual(expected));

  test('a first key, and what takes the key before out', () => {
    expect(firstKey(now, 'id')).toEqual({ data: { id: now.privateKey, 'id.pub': Buffer.from(now.publicKey) } });
    expect(settled('id')).toEqual({ data: { 'id.previous': null } });
  });

  test('a regeneration keeps the key in use; a second one in a row keeps the one that a host may know', () => {
    const first = regenerated({ version: '1', current: old.privateKey, replaced: [] }, old, now, 'identity');
    expect(first).toEqual({
      data: {
        identity: now.privateKey,
        'identity.pub': Buffer.from(now.publicKey),
        'identity.previous': old.privateKey,
      },
      annotations: { 'fluxcd.io/replaced-keys': fingerprintOf(old) },
    });
    const stored = { version: '2', current: now.privateKey, previous: old.privateKey, replaced: [fingerprintOf(old)] };
    expect(regenerated(stored, now, mine, 'identity')).toMatchObject({
      data: { identity: mine.privateKey, 'identity.previous': old.privateKey },
      annotations: { 'fluxcd.io/replaced-keys': `${fingerprintOf(now)} ${fingerprintOf(old)}` },
    });
    const many = { ...stored, replaced: ['a', 'b', 'c', 'd', 'e'] };
    expect(regenerated(many, now, mine, 'identity').annotations).toEqual({
      'fluxcd.io/replaced-keys': `${fingerprintOf(now)} a b c d`,
    });
  });
});

test('a fingerprint is that of ssh-keygen -l, and a key ends in a newline', () => {
  const hash = createHash('sha256').update('old').digest('base64').replace('=', '');
  expect(fingerprintOf(old)).toBe(`SHA256:${hash}`);
  expect(['', ' \n', 'a', 'a\n'].map((text) => privateKeyIn(Buffer.from(text))?.toString())).toEqual([
    undefined,
    undefined,
    'a\n',
    'a\n',
  ]);
});

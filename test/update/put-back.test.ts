import { expect, test } from 'vitest';
import { formatBan } from '../../src/policy/index.ts';
import { type PutBack, planPutBack } from '../../src/update/put-back.ts';
import { contextOf, workload } from './world.ts';

const ID = 'shop:deployment/cart';
const A = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'c'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

function plan(wanted: readonly PutBack[], { annotations = {}, image = 'acme/cart:1.3.0' } = {}) {
  const cart = workload('Deployment', 'cart', {
    namespace: 'shop',
    annotations,
    containers: [
      ['cart', image],
      ['side', 'acme/side:2.0.0'],
    ],
  });
  const context = contextOf({
    files: { 'cart.yaml': cart.text },
    manifests: { [ID]: { file: 'cart.yaml', object: cart.object } },
    running: [ID],
    registry: { 'index.docker.io/acme/cart': { latest: { digest: A, indexDigest: B } } },
  });
  return planPutBack(new Map([[ID, wanted]]), context).then((planned) => ({ ...planned, text: cart.text }));
}

test('an image is put back and banned in one edit of the file, which keeps every other byte', async () => {
  const { result, edits, banned, text } = await plan([{ container: 'cart', bad: 'acme/cart:1.3.0', good: 'acme/cart:1.2.0' }], {
    annotations: { 'fluxcd.io/automated': 'true' },
  });
  expect(result).toEqual({
    [ID]: { Status: 'success', PerContainer: [{ Container: 'cart', Current: 'acme/cart:1.3.0', Target: 'acme/cart:1.2.0' }] },
  });
  const [edit] = edits;
  expect(edits).toHaveLength(1);
  expect(edit?.content).toContain('fluxcd.io/ban.cart: 1.3.0');
  const withoutBan = edit?.content.replace(/^.*ban\.cart.*\n/m, '');
  expect(withoutBan?.replace('acme/cart:1.2.0', 'acme/cart:1.3.0')).toBe(text);
  expect(banned).toEqual([{ workload: ID, container: 'cart', image: 'acme/cart:1.3.0', ban: { kind: 'tag', tag: '1.3.0' } }]);
});

test('a ban joins those that are there', async () => {
  const { edits } = await plan([{ container: 'cart', bad: 'acme/cart:1.3.0', good: 'acme/cart:1.2.0' }], {
    annotations: { 'fluxcd.io/ban.cart': '1.1.0' },
  });
  expect(edits[0]?.content).toMatch(/fluxcd.io\/ban.cart: .?1\.1\.0, 1\.3\.0/);
});

test('two containers go together', async () => {
  const { edits, banned } = await plan([
    { container: 'cart', bad: 'acme/cart:1.3.0', good: 'acme/cart:1.2.0' },
    { container: 'side', bad: 'acme/side:2.0.0', good: 'acme/side:1.9.0' },
  ]);
  expect(edits[0]?.content).toMatch(/acme\/cart:1\.2\.0[\s\S]*acme\/side:1\.9\.0/);
  expect(banned.map(({ container }) => container)).toEqual(['cart', 'side']);
});

test.each<[what: string, image: string, good: string, ban: string]>([
  ['a tag that moves, with the digest that was read: that of the index', 'acme/cart:latest', 'acme/cart:1.2.0', `latest@${B}`],
  ['a digest whose tag has moved', `acme/cart:latest@${OTHER}`, 'acme/cart:1.2.0', `latest@${OTHER}`],
  ['a digest under the same tag', `acme/cart:1.3.0@${A}`, `acme/cart:1.3.0@${B}`, `1.3.0@${A}`],
])('bans %s', async (_what, image, good, expected) => {
  const { banned } = await plan([{ container: 'cart', bad: image, good }], { image });
  expect(banned[0]?.ban && formatBan(banned[0].ban)).toBe(expected);
});

test.each<[what: string, tag: string, failed: string, bans: string | undefined, added: string]>([
  ['the digest that failed, when the tag has another by now', 'latest', OTHER, undefined, `latest@${OTHER}`],
  ['the digest of the index, when that of the platform failed', 'latest', A, undefined, `latest@${B}`],
  [
    'what the registry shows, when a ban of the digest that failed did not help',
    'latest',
    OTHER,
    `latest@${OTHER}`,
    `latest@${B}`,
  ],
  ['a tag that does not move as such', '1.3.0', OTHER, undefined, '1.3.0'],
])('bans %s', async (_what, tag, failed, bans, added) => {
  const image = `acme/cart:${tag}`;
  const annotations = bans === undefined ? {} : { 'fluxcd.io/ban.cart': bans };
  const { banned } = await plan([{ container: 'cart', bad: image, good: 'acme/cart:1.2.0', failed }], { image, annotations });
  expect(banned[0]?.ban && formatBan(banned[0].ban)).toBe(added);
});

test.each<[what: string, wanted: PutBack, reason: string]>([
  [
    'has another image by now',
    { container: 'cart', bad: 'acme/cart:1.2.5', good: 'acme/cart:1.2.0' },
    'cart has another image by now: acme/cart:1.3.0',
  ],
  ['has no such container', { container: 'cat', bad: 'acme/cart:1.3.0', good: 'acme/cart:1.2.0' }, 'has no container cat'],
])('a workload that %s is left as it is', async (_what, wanted, reason) => {
  const { result, edits, banned } = await plan([wanted]);
  expect(result).toEqual({ [ID]: { Status: 'skipped', Error: reason, PerContainer: null } });
  expect([edits, banned]).toEqual([[], []]);
});

test('bans that cannot be read are not lost', async () => {
  const annotations = { 'fluxcd.io/ban.cart': 'not a tag' };
  const wanted = [{ container: 'cart', bad: 'acme/cart:1.3.0', good: 'acme/cart:1.2.0' }];
  await expect(plan(wanted, { annotations })).rejects.toMatchObject({ code: 'policy/bad-ban' });
});

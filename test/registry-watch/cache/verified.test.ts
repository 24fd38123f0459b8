import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createSeal } from '../../../src/base/index.ts';
import { type Verification, verificationKey } from '../../../src/image/index.ts';
import { keyOf } from '../../../src/registry-watch/cache/keys.ts';
import type { CacheStore } from '../../../src/registry-watch/cache/store.ts';
import { until } from '../../support/until.ts';
import { FakeClock } from '../fake-clock.ts';
import { POLICY, questionOf, SignedRegistry, signers } from '../signatures/signed-registry.ts';
import { type Setup, setup } from '../watch-of.ts';
import { MapStore, SharedMapStore } from './map-store.ts';
import { SECRET } from './restarts.ts';

let registry: SignedRegistry;
let store: MapStore;

beforeEach(async () => {
  registry = await new SignedRegistry().listen();
  onTestFinished(() => registry.close());
  registry.push('1.0.0');
  registry.push('1.1.0');
  registry.sign('1.0.0');
  store = new MapStore();
});

interface Options {
  readonly basis?: string;
  readonly secret?: string;
  readonly on?: CacheStore;
  readonly clock?: FakeClock;
}

/** A daemon that knows the repository. */
async function start({ basis, secret = SECRET, on = store, clock = new FakeClock() }: Options = {}): Promise<Setup> {
  const it = setup({ clock, signers: await signers(basis), cache: { store: on, secret } });
  onTestFinished(() => it.close());
  it.watch.watch([{ name: registry.name, pullSecrets: [] }]);
  it.watch.start();
  await until('the repository is known', () => it.watch.repository(registry.name)?.scannedAt !== undefined);
  return it;
}

const known = ({ watch }: Setup, tag: string): Verification | undefined =>
  watch.repository(registry.name)?.verifications?.get(verificationKey(registry.digestOf(tag), POLICY));

/** Verifies both images, of which one is signed. */
async function verifyAll(it: Setup): Promise<void> {
  for (const tag of ['1.0.0', '1.1.0']) it.watch.verify(questionOf(registry.name, [{ tag }]));
  await it.watch.scanNow();
  expect(known(it, '1.0.0')).toEqual({ state: 'verified', by: POLICY });
  expect(known(it, '1.1.0')).toMatchObject({ state: 'unsigned' });
  registry.requests.length = 0;
}

async function firstRun(options: Options = {}): Promise<void> {
  const it = await start(options);
  await verifyAll(it);
  await it.close();
}

describe('a valid signature', () => {
  test('is known after a restart, without a request; that there is none is not', async () => {
    await firstRun();
    const it = await start();
    expect(known(it, '1.0.0')).toEqual({ state: 'verified', by: POLICY });
    expect(known(it, '1.1.0')).toBeUndefined();
    it.watch.verify(questionOf(registry.name, [{ tag: '1.0.0' }]));
    await it.watch.scanNow();
    expect(registry.looked).toEqual([]);
    await it.close();
    // What was not verified again is still remembered.
    expect(known(await start(), '1.0.0')).toEqual({ state: 'verified', by: POLICY });
  });

  test('is verified again by another key, trust root or fluxd', async () => {
    await firstRun();
    const it = await start({ basis: 'another key' });
    expect(known(it, '1.0.0')).toBeUndefined();
    await verifyAll(it);
    await it.close();
    expect(known(await start({ basis: 'another key' }), '1.0.0')).toEqual({ state: 'verified', by: POLICY });
  });

  test.for(['changed', 'lost', 'of another repository'])('is verified again when its entry is %s', async (damage) => {
    await firstRun();
    const key = keyOf.verified(registry.name);
    const value = store.entries.get(key) ?? Buffer.of();
    const other = keyOf.verified(`${registry.host}/team/other`);
    if (damage === 'changed')
      store.entries.set(
        key,
        value.map((byte, at) => (at === value.length - 9 ? byte ^ 1 : byte)),
      );
    if (damage === 'lost') store.entries.delete(key);
    if (damage === 'of another repository') store.entries.set(key, createSeal(SECRET).seal(other, value.subarray(32)));
    const it = await start();
    expect(known(it, '1.0.0')).toBeUndefined();
    await verifyAll(it);
  });

  test('is not remembered in a cache without a key, nor believed there (S-058)', async () => {
    await firstRun({ secret: '' });
    expect([...store.entries.keys()].join()).not.toContain('verified');
    const it = await start({ secret: '' });
    expect(known(it, '1.0.0')).toBeUndefined();
    await it.close();
    // As someone would write it who can write to the file.
    const seal = createSeal('');
    const [scan, verified] = [keyOf.scan(registry.name), keyOf.verified(registry.name)];
    const digests = [registry.digestOf('1.0.0'), registry.digestOf('1.1.0')];
    const text = JSON.stringify([{ policy: POLICY, basis: 'the key', digests }]);
    const header = JSON.parse(Buffer.from(seal.open(scan, store.entries.get(scan) ?? Buffer.of()) ?? []).toString());
    const digest = createHash('sha256').update(text).digest('base64url').slice(0, 22);
    store.entries.set(scan, seal.seal(scan, Buffer.from(JSON.stringify({ ...header, verified: digest }))));
    store.entries.set(verified, seal.seal(verified, Buffer.from(text)));
    const next = await start({ secret: '' });
    expect(known(next, '1.0.0')).toBeUndefined();
    expect(known(next, '1.1.0')).toBeUndefined();
  });

  test('counts for the other daemons that share the cache', async () => {
    const clock = new FakeClock();
    const shared = new SharedMapStore(() => clock.now());
    const one = await start({ clock, on: shared });
    clock.advance(1_100);
    await until('its scan is saved', () => shared.entries.has(keyOf.scan(registry.name)));
    const other = await start({ clock, on: shared });
    await verifyAll(one);
    other.news.length = 0;
    await until('the other knows it', () => {
      clock.advance(1_100);
      return known(other, '1.0.0') !== undefined;
    });
    expect(known(other, '1.0.0')).toEqual({ state: 'verified', by: POLICY });
    expect(known(other, '1.1.0')).toBeUndefined();
    expect(other.news).toContain(registry.name);
    expect(registry.looked).toEqual([]);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMemcachedStore } from '../../../src/registry-watch/cache/memcached.ts';
import { MemcachedConnection } from '../../../src/registry-watch/cache/memcached-connection.ts';
import { findServersOf } from '../../../src/registry-watch/cache/memcached-servers.ts';
import { createRedisStore } from '../../../src/registry-watch/cache/redis.ts';
import { MAX_VALUE_BYTES, type SharedStore } from '../../../src/registry-watch/cache/store.ts';
import { temporaryDirectory } from '../../git/support/repository.ts';
import { certificate } from '../../support/certificate.ts';
import { sampled, thorough } from '../../support/sampled.ts';
import { haveMemcached, haveRedis, type Server, startMemcached, startProxy, startRedis, startRedisByTls } from './programs.ts';

const { signal } = new AbortController();
const within = (ms: number) => AbortSignal.timeout(ms);

interface Kind {
  readonly start: (...flags: readonly string[]) => Promise<Server>;
  readonly open: (port: number) => SharedStore;
}

const closing = (store: SharedStore): SharedStore => {
  onTestFinished(() => store.close());
  return store;
};
const redisAt = (port: number, login = '') => closing(createRedisStore({ url: `redis://${login}127.0.0.1:${port}` }));
const memcachedAt = (...ports: readonly number[]) =>
  closing(createMemcachedStore(async () => ports.map((port) => ({ host: '127.0.0.1', port }))));

const ALL = thorough('shared caches that are slow, full, by TLS or with a password');

const KINDS: readonly (readonly [string, Kind])[] = [
  ...(haveRedis() ? [['Redis', { start: startRedis, open: redisAt }] as const] : []),
  ...(haveMemcached() ? [['memcached', { start: startMemcached, open: (port: number) => memcachedAt(port) }] as const] : []),
];

const bytes = (length: number, seed = 7) => Buffer.from(Array.from({ length }, (_, n) => (n * seed + (n >> 8)) & 0xff));
const LONG = `flux/1/tags/0/registry.example.org/${'a'.repeat(255)}`;

describe.each(KINDS)('%s', (_, { start, open }) => {
  test('gives back what was written, of any bytes and under any name, also to others', async () => {
    const { port } = await start();
    const store = open(port);
    const entries = [
      { key: 'a', value: bytes(300) },
      { key: 'empty lines', value: Buffer.from('\r\nEND\r\nVALUE a 0 1\r\n') },
      { key: LONG, value: bytes(200_000) },
    ].map(({ key, value }) => ({ key: key.replace(' ', '-'), value }));
    await store.write(entries, signal);
    const found = await open(port).read([...entries.map(({ key }) => key), 'missing'], signal);
    expect([...found.keys()].sort()).toEqual(entries.map(({ key }) => key).sort());
    for (const { key, value } of entries) expect(Buffer.compare(found.get(key) ?? Buffer.of(), value), key).toBe(0);
    expect(await store.read(['missing'], signal)).toEqual(new Map());
  });

  test.runIf(ALL)('lets one of many have a claim, until it expires', async () => {
    const { port } = await start();
    const stores = [open(port), open(port), open(port)];
    const claims = await Promise.all(stores.map((store) => store.claim('mine', 1_000, signal)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await stores[0]?.claim('other', 1_000, signal)).toBe(true);
    await sleep(2_100);
    expect(await stores[1]?.claim('mine', 1_000, signal)).toBe(true);
  });

  test('that was killed fails, and works again after its restart, of which the store knows', async () => {
    const server = await start();
    const store = open(server.port);
    await store.write([{ key: 'a', value: bytes(10) }], signal);
    const { epoch } = store;
    await store.read(['a'], signal);
    expect(store.epoch).toBe(epoch);
    await server.kill();
    await expect(store.read(['a'], signal)).rejects.toMatchObject({
      code: 'registry/cache-failed',
      message: expect.stringContaining(String(server.port)),
    });
    await server.start();
    expect(await store.read(['a'], signal)).toEqual(new Map());
    expect(store.epoch).toBeGreaterThan(epoch);
  });

  test.runIf(ALL)('that hangs ends with the time for the answer, and works again later', async () => {
    const server = await start();
    const store = open(server.port);
    await store.write([{ key: 'a', value: bytes(10) }], signal);
    server.pause();
    await expect(store.read(['a'], within(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(store.write([{ key: 'a', value: bytes(5) }], within(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(store.claim('c', 1000, within(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    server.resume();
    expect((await store.read(['a'], signal)).has('a')).toBe(true);
  });

  test.runIf(ALL)('that drips still gives all', async () => {
    const { port } = await start();
    await open(port).write([{ key: 'a', value: bytes(60) }], signal);
    const slow = await startProxy(port, async (chunk) => {
      await sleep(5);
      return chunk;
    });
    expect(Buffer.compare((await open(slow).read(['a'], signal)).get('a') ?? Buffer.of(), bytes(60))).toBe(0);
  });

  /** An operation through a proxy that loses the connection after so many bytes of answers, or changes them from there. */
  const OPERATIONS: readonly (readonly [string, (store: SharedStore) => Promise<unknown>, unknown])[] = [
    [
      'read',
      async (store) => Buffer.from((await store.read(['a', 'b'], within(300))).get('a') ?? []).toString('hex'),
      bytes(20).toString('hex'),
    ],
    ['write', (store) => store.write([{ key: 'a', value: bytes(20) }], within(300)), undefined],
    ['claim', (store) => store.claim(`claim-${Math.random()}`, 1000, within(300)), true],
  ];
  const LOSSES = OPERATIONS.flatMap(([what, operation, whole]) =>
    ['lost', 'garbage'].flatMap((how) =>
      [0, 1, 2, 5, 8, 13, 21, 34, 40, 55].map((after) => ({ what, operation, whole, how, after })),
    ),
  );
  test.each(sampled('lost answers of a shared cache', LOSSES, 2))(
    '$what, when answers are $how after $after bytes, fails or has all',
    async ({ operation, whole, how, after }) => {
      const { port } = await start();
      await open(port).write([{ key: 'a', value: bytes(20) }], signal);
      const proxy = await startProxy(port, (chunk, sent) => {
        if (sent + chunk.length <= after) return chunk;
        if (how === 'lost') return undefined;
        return Buffer.concat([chunk.subarray(0, Math.max(0, after - sent)), Buffer.from('!@#$%\r\n'.repeat(20))]);
      });
      const outcome = await operation(open(proxy)).catch((error: unknown) => error);
      // A read that is garbage from the first byte of a value on is what the seal is for.
      if (!(outcome instanceof Error) && !(how === 'garbage' && whole !== undefined)) expect(outcome).toEqual(whole);
      expect((await open(port).read(['a'], signal)).get('a')).toEqual(bytes(20));
    },
  );

  test.runIf(ALL)('with a value that is too large to be ours is read as if it were cut off or missing', async () => {
    const { port } = await start(...(start === startMemcached ? ['-I', '4m'] : []));
    const store = open(port);
    await store.write(
      [
        { key: 'huge', value: bytes(3 * MAX_VALUE_BYTES) },
        { key: 'a', value: bytes(9) },
      ],
      signal,
    );
    const found = await store.read(['huge', 'a'], signal);
    expect(found.get('huge')?.length ?? 0).toBeLessThanOrEqual(MAX_VALUE_BYTES + 1);
    expect(found.get('a')).toEqual(bytes(9));
  });

  test.runIf(ALL)('that is full says so or forgets, and keeps no half of a value', async () => {
    const flags =
      start === startMemcached ? ['-m', '1', '-I', '512k'] : ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'];
    const store = open((await start(...flags)).port);
    const keys = Array.from({ length: 40 }, (_, n) => `key-${n}`);
    const outcomes = await Promise.allSettled(keys.map((key, n) => store.write([{ key, value: bytes(100_000, n) }], signal)));
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'registry/cache-failed' });
    const found = await store.read(keys, signal);
    for (const [key, value] of found) expect(Buffer.compare(value, bytes(100_000, Number(key.slice(4)))), key).toBe(0);
    expect(found.size).toBeLessThan(keys.length);
  });
});

describe.runIf(ALL && haveRedis())('Redis', () => {
  test('wants a password, which no error quotes', async () => {
    const { port } = await startRedis('--requirepass', 'open-sesame/7');
    const none = redisAt(port).read(['a'], signal);
    await expect(none).rejects.toThrow(/NOAUTH/);
    const wrong = await redisAt(port, ':not-sesame%2F7@')
      .read(['a'], signal)
      .catch((error: unknown) => error);
    expect(wrong).toMatchObject({ message: expect.stringContaining('WRONGPASS') });
    expect(String(wrong)).not.toContain('sesame');
    const store = redisAt(port, ':open-sesame%2F7@');
    await store.write([{ key: 'a', value: bytes(3) }], signal);
    expect(await store.read(['a'], signal)).toEqual(new Map([['a', bytes(3)]]));
  });

  test('by TLS is used only with a certificate that is trusted', async () => {
    const { key, cert } = certificate();
    const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => join(temporaryDirectory(), name));
    writeFileSync(keyFile ?? '', key);
    writeFileSync(certFile ?? '', cert);
    const files = ['--tls-cert-file', certFile ?? '', '--tls-key-file', keyFile ?? ''];
    const { port } = await startRedisByTls(...files, '--tls-auth-clients', 'no');
    const open = () => closing(createRedisStore({ url: `rediss://localhost:${port}` }));
    await expect(open().read(['a'], signal)).rejects.toThrow(/self-signed certificate/);
    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, cert]);
    onTestFinished(() => setDefaultCACertificates(trusted));
    const store = open();
    await store.write([{ key: 'a', value: bytes(3) }], signal);
    expect(await store.read(['a'], signal)).toEqual(new Map([['a', bytes(3)]]));
  });
});

describe.runIf(ALL && haveMemcached())('memcached', () => {
  test('divides the keys among its servers, as Flux v1 does', async () => {
    const servers = [await startMemcached(), await startMemcached()];
    const store = memcachedAt(...servers.map(({ port }) => port));
    const entries = Array.from({ length: 20 }, (_, n) => ({ key: `key-${n}`, value: bytes(n + 1) }));
    await store.write(entries, signal);
    expect(
      (
        await store.read(
          entries.map(({ key }) => key),
          signal,
        )
      ).size,
    ).toBe(20);
    const alone = await Promise.all(
      servers.map(
        async ({ port }) =>
          (
            await memcachedAt(port).read(
              entries.map(({ key }) => key),
              signal,
            )
          ).size,
      ),
    );
    expect(alone[0]).toBeGreaterThan(0);
    expect((alone[0] ?? 0) + (alone[1] ?? 0)).toBe(20);
  });

  test('is used again at once after a restart between two requests', async () => {
    const server = await startMemcached();
    const store = memcachedAt(server.port);
    await store.write([{ key: 'a', value: bytes(3) }], signal);
    await server.kill();
    await server.start();
    expect(await store.read(['a'], signal)).toEqual(new Map());
  });

  test('refuses a value beyond its limit by name', async () => {
    const { port } = await startMemcached();
    const connection = await MemcachedConnection.open('127.0.0.1', port, signal);
    onTestFinished(() => connection.close());
    await expect(connection.set([{ key: 'a', value: bytes(2 * MAX_VALUE_BYTES) }], 60)).rejects.toThrow('too large');
  });
});

describe('servers of memcached', () => {
  const clock = { now: 0, monotonic: () => clock.now };
  const records = (...names: readonly string[]) => names.map((name) => ({ name, port: 11211 }));

  test('are those of SRV records, looked up every minute; the last ones while that fails', async () => {
    let answer: () => Promise<ReturnType<typeof records>> = async () => records('b.', 'a');
    const asked: string[] = [];
    const find = findServersOf({
      hostname: 'flux-memcached',
      port: 1,
      service: 'memcached',
      clock,
      lookUp: (name) => {
        asked.push(name);
        return answer();
      },
    });
    const hosts = async () => (await find()).map(({ host }) => host);
    expect(await hosts()).toEqual(['a', 'b']);
    expect(await hosts()).toEqual(['a', 'b']);
    expect(asked).toEqual(['_memcached._tcp.flux-memcached']);
    clock.now += 60_000;
    answer = () => Promise.reject(new Error('no answer'));
    expect(await hosts()).toEqual(['a', 'b']);
    clock.now += 60_000;
    answer = async () => [];
    expect(await hosts()).toEqual(['a', 'b']);
    clock.now += 60_000;
    answer = async () => records('c');
    expect(await hosts()).toEqual(['c']);
  });

  test('that cannot be found are an error', async () => {
    const at = (lookUp: () => Promise<ReturnType<typeof records>>) =>
      closing(createMemcachedStore(findServersOf({ hostname: 'h', port: 1, service: 's', clock, lookUp })));
    await expect(at(async () => []).read(['a'], signal)).rejects.toThrow('no servers at _s._tcp.h');
    await expect(at(() => Promise.reject(new Error('querySrv ENOTFOUND'))).read(['a'], signal)).rejects.toThrow('ENOTFOUND');
  });

  test('are the host and its port without a service', async () => {
    expect(await findServersOf({ hostname: 'h', port: 7, clock })()).toEqual([{ host: 'h', port: 7 }]);
  });
});

import { expect, test } from 'vitest';
import { createCredential } from '../../../src/registry-watch/credentials/credential.ts';
import { renewed } from '../../../src/registry-watch/credentials/provider.ts';
import { FakeClock } from '../fake-clock.ts';

const HOUR_MS = 3_600_000;

/** A service that grants numbered credentials, or fails, as the test says. */
function setup({ lifeMs = HOUR_MS } = {}) {
  const clock = new FakeClock();
  const service = { requests: [] as string[], down: false, absent: false };
  const gates: Promise<void>[] = [];
  const provider = renewed(
    {
      name: 'test',
      serves: () => true,
      async request(host) {
        service.requests.push(host);
        const n = service.requests.length;
        await gates.at(-1);
        if (service.down) throw new Error(`down at request ${n}`);
        return service.absent ? undefined : { value: createCredential(host, 'user', `p${n}`, 'test'), lifeMs };
      },
    },
    clock,
  );
  const password = async (host = 'a.io') => (await provider.credential(host))?.password.reveal();
  return { clock, service, gates, provider, password };
}

test('a credential is kept while it is valid, and renewed before its end', async () => {
  const { clock, service, password } = setup();
  expect(await password()).toBe('p1');
  clock.advance(HOUR_MS - 301_000);
  expect(await password()).toBe('p1');
  clock.advance(2000);
  expect(await password()).toBe('p2');
  expect(service.requests).toHaveLength(2);
});

test('one with a short life is renewed in the last tenth of it', async () => {
  const { clock, password } = setup({ lifeMs: 100_000 });
  await password();
  clock.advance(89_000);
  expect(await password()).toBe('p1');
  clock.advance(2000);
  expect(await password()).toBe('p2');
});

test('concurrent requests share one, even if the first of them is aborted', async () => {
  const { service, gates, provider, password } = setup();
  const gate = Promise.withResolvers<void>();
  gates.push(gate.promise);
  const gone = new AbortController();
  const first = provider.credential('a.io', { signal: gone.signal });
  const others = [password(), password()];
  gone.abort(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  gate.resolve();
  expect(await Promise.all(others)).toEqual(['p1', 'p1']);
  expect(service.requests).toHaveLength(1);
});

test('a failure is remembered for ten minutes, for its host only', async () => {
  const { clock, service, password } = setup();
  service.down = true;
  await expect(password()).rejects.toThrow('down at request 1');
  service.down = false;
  clock.advance(599_000);
  await expect(password()).rejects.toThrow('down at request 1');
  expect(await password('b.io')).toBe('p2');
  clock.advance(2000);
  expect(await password()).toBe('p3');
});

test('what cannot be renewed is used to its end, and no longer', async () => {
  const { clock, service, password } = setup();
  await password();
  service.down = true;
  clock.advance(HOUR_MS - 60_000);
  expect(await password()).toBe('p1');
  expect(await password()).toBe('p1');
  expect(service.requests).toHaveLength(2);
  clock.advance(61_000);
  await expect(password()).rejects.toThrow('down');
});

test('a service that is not set up is asked again after a minute', async () => {
  const { clock, service, password } = setup();
  service.absent = true;
  expect(await password()).toBeUndefined();
  service.absent = false;
  expect(await password()).toBeUndefined();
  clock.advance(60_000);
  expect(await password()).toBe('p2');
});

test('a refused credential is replaced once it is older than ten minutes', async () => {
  const { clock, provider, password } = setup({ lifeMs: 12 * HOUR_MS });
  const first = await provider.credential('a.io');
  if (!first) throw new Error('no credential');
  provider.refused?.(first);
  expect(await password()).toBe('p1');
  clock.advance(600_000);
  provider.refused?.(first);
  expect(await password()).toBe('p2');
  provider.refused?.(first);
  expect(await password()).toBe('p2');
});

test('a refused credential of another place leaves the one that is held', async () => {
  const { clock, provider, password } = setup({ lifeMs: 12 * HOUR_MS });
  expect(await password()).toBe('p1');
  clock.advance(600_000);
  provider.refused?.(createCredential('a.io', 'someone', 'else', 'shop/pull'));
  expect(await password()).toBe('p1');
});

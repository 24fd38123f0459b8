import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { parseChallenges } from '../../src/registry-watch/challenge.ts';
import { createHostLimits } from '../../src/registry-watch/rate-limit.ts';
import { isTag, parseRepositoryName } from '../../src/registry-watch/repository-name.ts';
import { mayReceiveCredentials } from '../../src/registry-watch/trust.ts';
import { processorMs } from '../support/processor.ts';
import { FakeClock } from './fake-clock.ts';

describe('a challenge', () => {
  const read = (header: string) =>
    parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

  test.each<[string, unknown]>([
    ['Bearer realm="https://a/t",service="s", scope="x y"', [['bearer', { realm: 'https://a/t', service: 's', scope: 'x y' }]]],
    ['Basic realm=simple', [['basic', { realm: 'simple' }]]],
    ['Basic', [['basic', {}]]],
    [
      'Negotiate, Basic realm="a, b", Bearer realm="c"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'a, b' }],
        ['bearer', { realm: 'c' }],
      ],
    ],
    ['bearer REALM = "q\\"uo\\\\te"', [['bearer', { realm: 'q"uo\\te' }]]],
    ['Bearer realm="first",realm="second"', [['bearer', { realm: 'first' }]]],
    ['Bearer realm="open', [['bearer', { realm: '' }]]],
    ['realm="no scheme"', []],
    ['', []],
    ['"', []],
  ])('%j is read', (header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  test('is bounded in number and length (S-050)', () => {
    expect(read('Basic, '.repeat(50))).toHaveLength(10);
    expect(read(`Bearer x="${'a'.repeat(2 ** 21)}"`)).toEqual([['bearer', { x: '' }]]);
  });
});

describe('a token service', () => {
  test.each<[registry: string, realm: string, allowed: boolean]>([
    ['https://ghcr.io', 'https://ghcr.io/token', true],
    ['https://ghcr.io', 'https://ghcr.io:8443/token', true],
    ['https://ghcr.io', 'http://ghcr.io/token', false],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5000/token', true],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5001/token', false],
    ['https://registry-1.docker.io', 'https://auth.docker.io/token', true],
    ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth', true],
    ['https://registry.example.com', 'https://gitlab.example.com/jwt', true],
    ['https://registry.example.co.uk', 'https://auth.example.co.uk/', true],
    ['https://registry.co.uk', 'https://evil.co.uk/', false],
    ['https://me.azurecr.io', 'https://evil.azurecr.io/oauth2', false],
    ['https://me.azurecr.io', 'https://me.azurecr.io/oauth2', true],
    ['https://me.azurecr.de', 'https://evil.azurecr.de/oauth2', false],
    ['https://1.dkr-ecr.eu-west-1.on.aws', 'https://2.dkr-ecr.eu-west-1.on.aws/', false],
    ['https://1.dkr.ecr.eu-west-1.amazonaws.com', 'https://evil.amazonaws.com/', false],
    ['https://registry.example.com', 'https://example.com.evil.net/', false],
    ['https://registry.example.com', 'https://notexample.com/', false],
    ['https://10.0.0.5', 'https://10.0.0.6/', false],
    ['https://registry', 'https://auth', false],
  ])('of %s at %s may have its credentials: %s (S-050)', (registry, realm, allowed) => {
    expect(mayReceiveCredentials(new URL(registry), new URL(realm))).toBe(allowed);
  });
});

describe('the rate limit of a host', () => {
  const limitOf = (rps: number, burst: number) => {
    const clock = new FakeClock();
    return { clock, limit: createHostLimits({ clock, log: silentLogger(), rps, burst })('r.io') };
  };
  /** How many of `asked` requests may go within the time. */
  const allowed = async ({ clock, limit }: ReturnType<typeof limitOf>, asked: number, ms: number) => {
    let sent = 0;
    for (let number = 0; number < asked; number += 1)
      limit.acquire().then(
        () => (sent += 1),
        () => undefined,
      );
    for (let step = 0; step < ms / 100; step += 1) {
      clock.advance(100);
      await Promise.resolve();
    }
    await new Promise(setImmediate);
    return sent;
  };

  test('lets a burst go at once, and then so many a second', async () => {
    const it = limitOf(10, 5);
    expect(await allowed(it, 100, 0)).toBe(5);
    expect(await allowed(limitOf(10, 5), 100, 2000)).toBe(25);
  });

  test('halves on 429 once for all requests under way, down to 0.1/s (REG-38)', async () => {
    const it = limitOf(8, 1);
    it.limit.backOff();
    it.limit.backOff();
    expect(await allowed(it, 100, 2000)).toBe(1 + 8);
    const slow = limitOf(8, 1);
    for (let number = 0; number < 20; number += 1) {
      slow.limit.backOff();
      slow.clock.advance(10_000);
    }
    expect(await allowed(slow, 100, 20_000)).toBe(1 + 2);
  });

  test('rises again by half after good scans, but not within 20 minutes (REG-38)', async () => {
    const it = limitOf(8, 1);
    it.limit.backOff();
    it.clock.advance(1_199_999);
    it.limit.recover();
    expect(await allowed(it, 100, 1000)).toBe(1 + 4);
    const later = limitOf(8, 1);
    later.limit.backOff();
    later.clock.advance(1_200_000);
    later.limit.recover();
    expect(await allowed(later, 100, 1000)).toBe(1 + 6);
    later.clock.advance(60_000);
    for (let number = 0; number < 5; number += 1) later.limit.recover();
    expect(await allowed(later, 100, 1000)).toBeLessThanOrEqual(1 + 8);
  });

  test('keeps a short pause and refuses during a long one, at most an hour (R-050)', async () => {
    const it = limitOf(100, 100);
    it.limit.backOff(5000);
    expect(await allowed(it, 3, 4900)).toBe(0);
    expect(await allowed(it, 0, 100)).toBe(0);
    expect(await allowed(it, 3, 0)).toBe(3);
    it.limit.backOff(30_000);
    await expect(it.limit.acquire()).rejects.toMatchObject({ code: 'registry/rate-limited' });
    it.limit.backOff(Number.MAX_SAFE_INTEGER);
    expect(it.limit.blockedUntil).toBe(it.clock.now() + 3_600_000);
  });

  test('ends a wait when the caller gives up', async () => {
    const it = limitOf(1, 1);
    await it.limit.acquire();
    const giveUp = new AbortController();
    const waiting = it.limit.acquire({ signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

test('every parser of what a registry sends takes hostile text in its stride (S-032)', () => {
  const hostile = ['"', '\\', ',', '=', 'a=', 'a="\\', '<', '>;', ' ', '.', '-', '__', 'a.', '/', ':', '9'].map((text) =>
    text.repeat(102_400 / text.length),
  );
  for (const text of hostile) {
    for (const parse of [
      parseChallenges,
      isTag,
      (name: string) => attempt(() => parseRepositoryName(name)),
      (name: string) => attempt(() => parseRepositoryName(`a/${name}`)),
    ]) {
      expect(processorMs(() => parse(text))).toBeLessThan(2000);
    }
  }
});

test('a repository name is only ever a host and a path that mean themselves in a URL', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'aB0./:-_@?#%\\ []'), maxLength: 20 }), (name) => {
      const parsed = attempt(() => parseRepositoryName(name));
      if (!parsed) return;
      const url = new URL(`https://${parsed.host}/v2/${parsed.path}/tags/list`);
      expect(url.pathname).toBe(`/v2/${parsed.path}/tags/list`);
      expect(url.username + url.search + url.hash).toBe('');
    }),
    { numRuns: 3000 },
  );
});

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

import { inspect } from 'node:util';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createHttpTransport, type HttpTransport } from '../../src/base/index.ts';
import type { KubeObject } from '../../src/resource/index.ts';
import { digestOf, OCI_IMAGE } from './fake-registry.ts';
import { type Setup, setup } from './watch-of.ts';

// Hosts under TLS with certificates of their own are played by nock; nothing leaves the machine.
beforeAll(() => nock.disableNetConnect());
afterAll(() => nock.enableNetConnect());

let it: Setup;
let leaks: string[];

beforeEach(() => {
  leaks = [];
});

afterEach(async () => {
  await it.close();
  nock.cleanAll();
});

const dockerConfig = (...hosts: string[]) =>
  JSON.stringify({
    auths: Object.fromEntries(hosts.map((host) => [host, { auth: Buffer.from('me:s3cret').toString('base64') }])),
  });
const basic = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;

/**
 * Of nock's sockets, which claim to come from this machine, as the public registries that they stand for. How far a connection may go
 * is tried with real ones (inside.test.ts): nock resolves no names.
 */
function publicTransport(): HttpTransport {
  const http = createHttpTransport();
  return {
    ...http,
    request: async ({ reach: _, ...request }) => ({ ...(await http.request(request)), address: '8.8.8.8' }),
  };
}

/** Scans one image with the daemon's Docker config holding credentials for the hosts. */
async function scan(name: string, { hosts = [] as string[], needsTimes = false } = {}) {
  it = setup({
    http: publicTransport(),
    dockerConfigFile: '/config.json',
    readFile: async () => dockerConfig(...hosts),
  });
  it.watch.watch([{ name, pullSecrets: [], ...(needsTimes ? { needsTimes: () => true } : {}) }]);
  await it.watch.scanNow();
  return it.watch.repository(name);
}

interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
}
type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>];

/** Plays a host: every request to it is answered by the function. */
function play(origin: string, answer: (asked: Asked) => Answer): void {
  nock(origin)
    .persist()
    .get(/.*/)
    .reply(async (request: Request) => {
      const { pathname, search } = new URL(request.url);
      const [status, body, headers = {}] = answer({
        path: pathname + search,
        authorization: request.headers.get('authorization') ?? undefined,
      });
      return [status, typeof body === 'string' ? body : JSON.stringify(body), headers];
    });
}

const bearer = (realm: string, extra = '') => ({ 'www-authenticate': `Bearer realm="${realm}",service="reg"${extra}` });
const needsBasic = { 'www-authenticate': 'Basic realm="x"' };

/** A host that must not get credentials; what it gets is in `leaks`. */
function spy(origin: string): void {
  play(origin, ({ path, authorization }) => {
    leaks.push(`${path.split('?')[0]} ${authorization ?? 'anonymous'}`);
    return [200, { tags: ['leaked'], token: 'leaked' }];
  });
}

/** Answers tag lists to the right authorization, and everything else with the challenge. */
function guarded(
  origin: string,
  wanted: string,
  challenge: Record<string, string>,
  other: (asked: Asked) => Answer = () => [404, {}],
): void {
  play(origin, (asked) => {
    if (!asked.path.includes('/tags/list')) return other(asked);
    return asked.authorization === wanted ? [200, { tags: ['1'] }] : [401, {}, challenge];
  });
}

describe('a token', () => {
  test('for Docker Hub comes from its own service, with the credentials, for our scope only', async () => {
    guarded(
      'https://registry-1.docker.io',
      'Bearer t0ken',
      bearer('https://auth.docker.io/token', ',scope="repository:other/secret:push"'),
    );
    const asked: Asked[] = [];
    play('https://auth.docker.io', (request) => {
      asked.push(request);
      return [200, { token: 't0ken', expires_in: 300 }];
    });
    expect(await scan('index.docker.io/library/alpine', { hosts: ['https://index.docker.io/v1/'] })).toMatchObject({
      tags: ['1'],
    });
    expect(asked).toEqual([{ path: '/token?service=reg&scope=repository%3Alibrary%2Falpine%3Apull', authorization: basic }]);
  });

  test('is fetched without credentials where there are none, and kept while it lives', async () => {
    const asked: Asked[] = [];
    guarded('https://ghcr.io', 'Bearer abc', bearer('https://ghcr.io/token'), (request) => {
      if (request.path.startsWith('/token')) asked.push(request);
      return [200, { access_token: 'abc', expires_in: 100 }];
    });
    expect(await scan('ghcr.io/acme/api')).toMatchObject({ tags: ['1'] });
    it.clock.advance(89_000);
    await it.watch.scanNow();
    expect(asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    it.clock.advance(2000);
    await it.watch.scanNow();
    expect(asked).toHaveLength(2);
    expect(it.watch.repository('ghcr.io/acme/api')?.error).toBeUndefined();
  });

  test('that runs out in the middle of a scan is fetched anew once, for all who wait (R-050)', async () => {
    let tokens = 0;
    const config = JSON.stringify({ created: '2024-01-01T00:00:00Z' });
    const manifest = JSON.stringify({ mediaType: OCI_IMAGE, config: { digest: digestOf(config) } });
    play('https://quay.io', ({ path, authorization }) => {
      if (path.startsWith('/v2/auth')) {
        tokens += 1;
        return [200, { token: `t${tokens}` }];
      }
      const isList = path.includes('/tags/');
      if (authorization !== (isList ? 'Bearer t1' : 'Bearer t2')) return [401, {}, bearer('https://quay.io/v2/auth')];
      if (isList) return [200, { tags: ['a', 'b', 'c', 'd'] }];
      return path.includes('/blobs/') ? [200, config] : [200, manifest, { 'content-type': OCI_IMAGE }];
    });
    const repository = await scan('quay.io/acme/api', { needsTimes: true });
    expect([...(repository?.images.values() ?? [])].map(({ error }) => error)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(tokens).toBe(2);
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['a line break', { token: 'a\r\nx-injected: 1' }],
    ['a number', { token: 5 }],
    ['a list', []],
    ['null', null],
  ])('that is %s is refused', async (_name, body) => {
    guarded('https://ghcr.io', 'Bearer abc', bearer('https://ghcr.io/token'), () => [200, body]);
    const error = (await scan('ghcr.io/acme/api'))?.error;
    expect(error).toMatchObject({ code: 'registry/bad-answer', message: expect.stringContaining('no token') });
  });

  test('that the registry refuses again is an error without a loop (R-050)', async () => {
    let asked = 0;
    play('https://ghcr.io', ({ path }) => {
      asked += 1;
      return path.startsWith('/token') ? [200, { token: 'abc' }] : [401, {}, bearer('https://ghcr.io/token')];
    });
    const error = (await scan('ghcr.io/acme/api'))?.error;
    expect(error).toMatchObject({ code: 'registry/unauthorized', help: expect.stringContaining('imagePullSecret') });
    expect(asked).toBe(3);
  });
});

describe('credentials', () => {
  const host = 'registry.acme.dev';
  const registry = `https://${host}`;
  const withOurs = { hosts: [host] };

  test('go to a registry that asks for Basic', async () => {
    guarded('https://registry.acme.dev:5000', basic, needsBasic);
    expect(await scan('registry.acme.dev:5000/api', { hosts: ['registry.acme.dev:5000'] })).toMatchObject({ tags: ['1'] });
  });

  test('do not go to a registry under another port, or to a host that merely looks alike (S-057)', async () => {
    spy('https://registry.acme.dev:5000');
    await scan('registry.acme.dev:5000/api', withOurs);
    await it.close();
    spy('https://registry.acme.dev.evil.example');
    await scan('registry.acme.dev.evil.example/api', { hosts: [host, 'evil.example/registry.acme.dev', '*'] });
    expect(leaks).toEqual(['/v2/api/tags/list anonymous', '/v2/api/tags/list anonymous']);
  });

  test.each([
    'https://evil.example/token',
    'https://registry.acme.dev.evil.example/token',
    'http://registry.acme.dev/token',
    'https://user:pw@registry.acme.dev/token',
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.1/token',
    'https://kubernetes.default.svc/token',
    'file:///etc/passwd',
    'registry.acme.dev/token',
    '',
  ])('are never sent to the token service %j (S-050)', async (realm) => {
    for (const origin of [
      'https://evil.example',
      'http://registry.acme.dev',
      'https://registry.acme.dev.evil.example',
      'https://10.0.0.1',
    ]) {
      spy(origin);
    }
    guarded(registry, basic, bearer(realm));
    const error = (await scan(`${host}/api`, withOurs))?.error;
    expect(error).toMatchObject({ code: 'registry/foreign-realm', message: expect.stringContaining(host) });
    expect(error?.message).not.toContain('pw@');
    expect(leaks).toEqual([]);
  });

  test('may go to a token service of the same domain', async () => {
    guarded(registry, 'Bearer abc', bearer('https://gitlab.acme.dev/jwt/auth'));
    const asked: (string | undefined)[] = [];
    play('https://gitlab.acme.dev', ({ authorization }) => {
      asked.push(authorization);
      return [200, { token: 'abc' }];
    });
    expect(await scan(`${host}/api`, withOurs)).toMatchObject({ tags: ['1'] });
    expect(asked).toEqual([basic]);
  });

  test.each([301, 302, 303, 307, 308])('do not follow a %i to another host (S-051)', async (status) => {
    spy('https://cdn.example');
    play(registry, ({ authorization }) =>
      authorization === basic ? [status, '', { location: 'https://cdn.example/list' }] : [401, {}, needsBasic],
    );
    expect(await scan(`${host}/api`, withOurs)).toMatchObject({ tags: ['leaked'] });
    expect(leaks).toEqual(['/list anonymous']);
  });

  test('are not sent on by a token service that redirects (S-051)', async () => {
    spy('https://cdn.example');
    guarded(registry, 'Bearer leaked', bearer('https://registry.acme.dev/token'), () => [
      307,
      '',
      { location: 'https://cdn.example/token' },
    ]);
    await scan(`${host}/api`, withOurs);
    expect(leaks).toEqual(['/token anonymous']);
  });

  test.each([
    'http://registry.acme.dev/list',
    'https://169.254.169.254/list',
    'https://[::ffff:169.254.169.254]/list',
    'https://127.1/list',
    'https://0x7f.1/list',
    'https://localhost./list',
    'https://kubernetes.default.svc/list',
    'https://metadata.google.internal/list',
    'https://[64:ff9b::a00:1]/list',
    'https://[2002:a00:1::]/list',
    'https://[fec0::1]/list',
    'https://100.100.100.200/list',
    'file:///etc/passwd',
    'https://a:b@registry.acme.dev/list',
    'http://[broken',
  ])('and nothing else follow a redirect to %s (S-012, S-051)', async (location) => {
    play(registry, () => [302, '', { location }]);
    expect((await scan(`${host}/api`))?.error?.code).toBe('registry/bad-redirect');
  });

  test('redirects end after five', async () => {
    let hops = 0;
    play(registry, () => {
      hops += 1;
      return [302, '', { location: `/${hops}` }];
    });
    expect((await scan(`${host}/api`))?.error?.message).toContain('more than 5 redirects');
    expect(hops).toBe(6);
  });

  test('never show in an error', async () => {
    const body = { errors: [{ code: 'UNAUTHORIZED', message: 'bearer abcdefghijkl' }] };
    play(registry, ({ path }) =>
      path.startsWith('/token') ? [401, body] : [401, body, bearer('https://registry.acme.dev/token')],
    );
    const error = (await scan(`${host}/api`, withOurs))?.error;
    expect(error?.message).toContain('<registry creds for me@registry.acme.dev, from /config.json>');
    expect(inspect(error, { depth: 9 })).not.toMatch(/s3cret|abcdefghijkl/);
    expect(inspect(error, { depth: 9 })).not.toContain(basic);
  });

  test('that are missing are told apart from a challenge that nobody can answer', async () => {
    play(registry, () => [401, {}, { 'www-authenticate': 'Negotiate' }]);
    expect((await scan(`${host}/api`))?.error?.message).toBe(
      'registry registry.acme.dev requires credentials, and none were found',
    );
    await it.close();
    expect((await scan(`${host}/api`, withOurs))?.error?.message).toContain('offers no supported authentication scheme');
  });
});

describe('pull secrets', () => {
  const secret = (host: string, user: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'x' },
    type: 'kubernetes.io/dockerconfigjson',
    data: {
      '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { [host]: { username: user, password: 'pw' } } })).toString(
        'base64',
      ),
    },
  });

  test('of each namespace are tried by themselves, and the ones that work are tried first next time (S-057)', async () => {
    const users: string[] = [];
    play('https://registry.acme.dev', ({ path, authorization }) => {
      if (authorization === undefined || !path.includes('/tags/')) return [401, {}, needsBasic];
      const [user = ''] = Buffer.from(authorization.slice(6), 'base64').toString().split(':');
      users.push(user);
      return user === 'b' ? [200, { tags: ['1'] }] : [403, {}];
    });
    const secrets: Readonly<Record<string, KubeObject>> = {
      'a/pull': secret('registry.acme.dev', 'a'),
      'b/pull': secret('registry.acme.dev', 'b'),
    };
    const read: string[] = [];
    it = setup({
      http: publicTransport(),
      readCore: async (kind, namespace, name) => {
        if (kind === 'Secret') read.push(`${namespace}/${name}`);
        return kind === 'Secret' ? secrets[`${namespace}/${name}`] : undefined;
      },
    });
    const name = 'registry.acme.dev/api';
    const use = (namespace: string) => ({ namespace, secrets: ['pull'], serviceAccount: '' });
    it.watch.watch([{ name, pullSecrets: [use('a'), use('b'), use('c'), use('a')] }]);
    await it.watch.scanNow();
    expect(it.watch.repository(name)).toMatchObject({ tags: ['1'] });
    expect(users).toEqual(['a', 'b']);
    await it.watch.scanNow();
    expect(users).toEqual(['a', 'b', 'b']);
    expect([...new Set(read)].sort()).toEqual(['a/pull', 'b/pull', 'c/pull']);
  });
});

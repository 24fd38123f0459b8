import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { type Registry, type RegistryOptions, startRegistry } from '../../../src/sim/index.ts';

const started: Registry[] = [];
async function start(options?: RegistryOptions): Promise<Registry> {
  const registry = await startRegistry(options);
  started.push(registry);
  return registry;
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((registry) => registry.stop()));
});

const created = new Date('2026-01-02T03:04:05Z');
const get = (registry: Registry, path: string, init: RequestInit = {}) => fetch(`http://${registry.host}${path}`, init);

describe('reading', () => {
  test('a pushed image is found by tag and by digest, and its configuration tells when it was built', async () => {
    const registry = await start();
    const digest = registry.pushImage({ repository: 'team/web', tag: '1.0.0', created, labels: { a: 'b' } });
    const byTag = await get(registry, '/v2/team/web/manifests/1.0.0');
    expect(byTag.headers.get('content-type')).toBe('application/vnd.oci.image.manifest.v1+json');
    expect(byTag.headers.get('docker-content-digest')).toBe(digest);
    const text = await byTag.text();
    expect(`sha256:${createHash('sha256').update(text).digest('hex')}`).toBe(digest);
    const manifest = JSON.parse(text) as { config: { digest: string } };
    const byDigest = await get(registry, `/v2/team/web/manifests/${digest}`);
    expect(await byDigest.json()).toEqual(manifest);
    const config = await get(registry, `/v2/team/web/blobs/${manifest.config.digest}`);
    expect(await config.json()).toMatchObject({ created: '2026-01-02T03:04:05.000Z', config: { Labels: { a: 'b' } } });
  });

  test('it knows the environment of its images, and of no others', async () => {
    const registry = await start();
    const environment = ['EXIT_CODE=1'];
    const digest = registry.pushImage({ repository: 'team/web', tag: '1', created, environment });
    const of = (image: string) => registry.environmentOf(`${registry.host}/${image}`);
    expect([of('team/web:1'), of(`team/web:1@${digest}`), of(`team/web@${digest}`)]).toEqual([
      environment,
      environment,
      environment,
    ]);
    expect([of('team/web:2'), of('other:1'), registry.environmentOf('team/web:1')]).toEqual([undefined, undefined, undefined]);
  });

  test('HEAD answers the digest without a body', async () => {
    const registry = await start();
    const digest = registry.pushImage({ repository: 'web', tag: '1', created });
    const head = await get(registry, '/v2/web/manifests/1', { method: 'HEAD' });
    expect([head.status, head.headers.get('docker-content-digest'), await head.text()]).toEqual([200, digest, '']);
  });

  test('an image of several platforms is an index of manifests', async () => {
    const registry = await start();
    const platforms = [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
    ];
    registry.pushImage({ repository: 'web', tag: '1', created, platforms });
    const index = await get(registry, '/v2/web/manifests/1');
    expect(index.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
    const { manifests } = (await index.json()) as { manifests: { digest: string; platform: object }[] };
    expect(manifests.map(({ platform }) => platform)).toEqual(platforms);
    const one = await get(registry, `/v2/web/manifests/${manifests[1]?.digest}`);
    expect(one.status).toBe(200);
  });

  test('tags come in pages that link to the next', async () => {
    const registry = await start();
    for (const tag of ['a', 'b', 'c', 'd', 'e']) registry.pushImage({ repository: 'team/web', tag, created });
    const pages: string[][] = [];
    let path: string | undefined = '/v2/team/web/tags/list?n=2';
    while (path !== undefined) {
      const response: Response = await get(registry, path);
      pages.push(((await response.json()) as { tags: string[] }).tags);
      path = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  test.each([
    ['/v2/none/tags/list', 'NAME_UNKNOWN'],
    ['/v2/web/manifests/9', 'MANIFEST_UNKNOWN'],
    ['/v2/web/blobs/sha256:00', 'BLOB_UNKNOWN'],
  ])('%s is 404 %s', async (path, code) => {
    const registry = await start();
    registry.pushImage({ repository: 'web', tag: '1', created });
    const response = await get(registry, path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ code }] });
  });
});

test('an image can be pushed over the API: upload in two parts, then the manifest', async () => {
  const registry = await start();
  const blob = Buffer.from('{"created":"2026-01-01T00:00:00Z"}');
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
  const begun = await get(registry, '/v2/team/new/blobs/uploads/', { method: 'POST' });
  const location = begun.headers.get('location') ?? '';
  const first = await get(registry, location, { method: 'PATCH', body: blob.subarray(0, 5) });
  expect(first.headers.get('range')).toBe('0-4');
  const wrong = await get(registry, `${location}?digest=sha256:00`, { method: 'PUT' });
  expect(wrong.status).toBe(400);
  const done = await get(registry, `${location}?digest=${digest}`, { method: 'PUT', body: blob.subarray(5) });
  expect(done.status).toBe(201);
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const put = await get(registry, '/v2/team/new/manifests/v1', {
    method: 'PUT',
    headers: { 'content-type': type },
    body: JSON.stringify({ schemaVersion: 2, mediaType: type, config: { digest }, layers: [] }),
  });
  expect(put.status).toBe(201);
  expect(await (await get(registry, '/v2/team/new/tags/list')).json()).toEqual({ name: 'team/new', tags: ['v1'] });
  expect(await (await get(registry, `/v2/team/new/blobs/${digest}`)).text()).toBe(blob.toString());
});

describe('authentication', () => {
  const user = `Basic ${Buffer.from('flux:secret').toString('base64')}`;
  const credentials = { username: 'flux', password: 'secret' };

  test('basic: requests without the password are challenged', async () => {
    const registry = await start({ auth: { scheme: 'basic', ...credentials } });
    const refused = await get(registry, '/v2/');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="embedded registry"']);
    expect((await get(registry, '/v2/', { headers: { authorization: user } })).status).toBe(200);
  });

  test('token: the challenge names a realm whose token opens its scope and no other', async () => {
    const registry = await start({ auth: { scheme: 'token', ...credentials } });
    registry.pushImage({ repository: 'team/web', tag: '1', created });
    registry.pushImage({ repository: 'team/other', tag: '1', created });
    const refused = await get(registry, '/v2/team/web/tags/list');
    const challenge = refused.headers.get('www-authenticate') ?? '';
    const [, realm = '', service = '', scope = ''] =
      /^Bearer realm="([^"]+)",service="([^"]+)",scope="([^"]+)"$/.exec(challenge) ?? [];
    expect(scope).toBe('repository:team/web:pull');
    const ask = `${realm}?${new URLSearchParams({ service, scope })}`;
    expect((await fetch(ask)).status).toBe(401);
    const { token } = (await (await fetch(ask, { headers: { authorization: user } })).json()) as { token: string };
    const headers = { authorization: `Bearer ${token}` };
    expect((await get(registry, '/v2/team/web/tags/list', { headers })).status).toBe(200);
    expect((await get(registry, '/v2/team/other/tags/list', { headers })).status).toBe(401);
    expect((await get(registry, '/v2/team/web/manifests/2', { method: 'PUT', headers, body: '{}' })).status).toBe(401);
  });
});

test('requests are kept in order for tests to count', async () => {
  const registry = await start();
  await get(registry, '/v2/');
  await get(registry, '/v2/web/tags/list?n=5');
  expect(registry.requests).toEqual([
    { method: 'GET', path: '/v2/', query: '' },
    { method: 'GET', path: '/v2/web/tags/list', query: 'n=5' },
  ]);
});

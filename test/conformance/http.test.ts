import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { createApiClient } from '../../src/api/client/index.ts';
import { createApiServer } from '../../src/api/index.ts';
import { decodeChange } from '../../src/api/legacy/notify.ts';
import { negotiate } from '../../src/api/negotiate.ts';
import { createHttpTransport, FluxError, Secret, silentLogger } from '../../src/base/index.ts';
import { daemonOf, serve } from '../api/daemon-fixture.ts';
import { askAsGo, type WireRequest } from '../support/go-client.ts';

const transport = createHttpTransport();
afterAll(() => transport.close());

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUYsWwXzdDFmkVV4NgWVlLzCA3C0VYOTiRrVdhCh1xV flux@example.org';

/** Asks a daemon as the Go fluxctl does, and says what it was asked itself. */
async function ask(request: WireRequest, daemon = daemonOf()) {
  await using api = await serve(daemon);
  const { status, headers, body } = await askAsGo(api.port, request);
  return { status, type: headers['content-type'], body, calls: daemon.calls };
}
const jsonOf = async (request: WireRequest, daemon = daemonOf()) => {
  const { status, body } = await ask(request, daemon);
  return { status, ...(JSON.parse(body) as object) };
};
/** A listing fails so. */
const failing = (error: Error) => daemonOf({ listWorkloads: () => Promise.reject(error) });
const LISTING = '/v6/services?namespace=';

describe('routes', () => {
  const ROUTES: readonly (readonly [string, WireRequest, number])[] = [
    ['HTTP-2', { path: '/v11/ping' }, 204],
    ['HTTP-2', { path: '/v11/version' }, 200],
    ['HTTP-2', { path: '/v11/notify', method: 'POST', body: '{"Kind":"git","Source":{"URL":"u","Branch":"b"}}' }, 202],
    ['HTTP-2', { path: LISTING }, 200],
    ['HTTP-2', { path: '/v11/services?namespace=&services=' }, 200],
    ['HTTP-2', { path: '/v6/images?service=%3Call%3E' }, 200],
    ['HTTP-2', { path: '/v10/images?containerFields=&namespace=&service=%3Call%3E' }, 200],
    ['HTTP-2', { path: '/v6/sync?ref=4be1f0c' }, 200],
    ['HTTP-2', { path: '/v6/export' }, 200],
    ['HTTP-2', { path: '/v6/export', method: 'HEAD' }, 200],
    ['HTTP-2', { path: '/v9/update-manifests', method: 'POST', body: '{"type":"sync","cause":{},"spec":{}}' }, 200],
    ['HTTP-2', { path: '/v9/git-repo-config', method: 'POST', body: 'false' }, 200],
    ['HTTP-2', { path: '/v6/update-images?service=%3Call%3E&image=x:1&kind=plan', method: 'POST' }, 200],
    ['HTTP-2', { path: '/v6/policies?user=&message=', method: 'PATCH', body: '{}' }, 200],
    ['HTTP-35', { path: '/v6/identity.pub' }, 200],
    ['HTTP-35', { path: '/v6/identity.pub', method: 'POST' }, 204],
    ['HTTP-5', { path: '/v6/jobs' }, 404],
    ['HTTP-4', { path: '/v99/x' }, 404],
  ];
  test.each(ROUTES)('%s: %j', async (_id, request, status) => {
    const answer = await ask(request);
    expect(answer.status).toBe(status);
    expect(answer.type).toBe(status === 204 || status === 202 ? undefined : JSON_TYPE);
    if (status === 204 || status === 202 || request.method === 'HEAD') expect(answer.body).toBe('');
  });

  test('HTTP-1: every route of Flux v1 is asked for above, and each has somebody who answers', () => {
    const { routes } = createApiServer({ daemon: daemonOf(), log: silentLogger() });
    const served = routes
      .filter(({ path }) => path.startsWith('/api/flux/'))
      .flatMap(({ methods, path }) => methods.map((method) => `${method} ${path.slice('/api/flux'.length)}`));
    const asked = ROUTES.map(([, { method = 'GET', path }]) => `${method} ${path.replace(/\?.*/, '')}`);
    expect(served.filter((route) => !asked.includes(route))).toEqual([]);
  });

  test('HTTP-4: the help of an unknown path ends with it', async () => {
    const answer = await jsonOf({ path: '/v99/x' });
    expect(answer).toMatchObject({
      type: 'missing',
      error: 'API endpoint not found',
      help: expect.stringMatching(/\n {4}\/v99\/x$/),
    });
  });
});

describe('parameters', () => {
  test('HTTP-10: a bad id among the workloads is named', async () => {
    const answer = await ask({ path: '/v11/services?namespace=&services=shop:deployment/a,bad%20id', accept: undefined });
    expect(answer).toMatchObject({ status: 400, type: TEXT_TYPE });
    expect(answer.body).toContain('parsing service spec "bad id"');
  });

  test('HTTP-11: images of no workload in particular are those of all', async () => {
    const { calls, body } = await ask({ path: '/v10/images?containerFields=&namespace=' });
    expect(calls).toEqual([{ name: 'listImages', argument: { namespace: '', spec: '<all>' } }]);
    expect(body).toBe('null');
  });

  test('HTTP-13: a field that is none', async () => {
    const answer = await jsonOf({ path: '/v10/images?containerFields=Name,Nope&namespace=&service=%3Call%3E' });
    expect(answer).toMatchObject({ status: 422, type: 'user', error: 'Nope is an invalid field' });
  });

  test.each([
    ['HTTP-34', 'service=shop:deployment/a&image=x:1&kind=execute&exclude=shop:deployment/b', 200],
    ['HTTP-34', 'service=a/b/c&image=x:1&kind=execute', 400],
    ['HTTP-34', 'service=shop:deployment/a&image=:&kind=execute', 400],
    ['HTTP-34', 'service=shop:deployment/a&image=x:1&kind=maybe', 400],
    ['HTTP-34', 'service=shop:deployment/a&image=x:1&kind=execute&exclude=a/b/c', 400],
  ])('%s: an update by the oldest route, %s', async (_id, query, status) => {
    const answer = await ask({ path: `/v6/update-images?${query}`, method: 'POST' });
    expect(answer.status).toBe(status);
    const spec = {
      ServiceSpecs: ['shop:deployment/a'],
      ImageSpec: 'x:1',
      Kind: 'execute',
      Excludes: ['shop:deployment/b'],
      Force: false,
    };
    const update = { name: 'update', argument: { type: 'image', cause: { Message: '', User: '' }, spec } };
    expect(answer.calls).toEqual(status === 200 ? [update] : []);
  });
});

describe('changes', () => {
  test('HTTP-7: news is taken, and broken JSON is not', async () => {
    const notify = (body: string) => ask({ path: '/v11/notify', method: 'POST', body });
    expect(await notify('{"Kind":"git","Source":{"URL":"git@h:o/r","Branch":"b"}}')).toMatchObject({ status: 202, body: '' });
    expect(await notify('{"Kind":"git",')).toMatchObject({ status: 400, calls: [] });
  });

  test('HTTP-8: news of Git and of an image is read as it was written', () => {
    expect(decodeChange('{"Kind":"git","Source":{"URL":"git@h:o/r","Branch":"b"}}')).toEqual({
      kind: 'git',
      url: 'git@h:o/r',
      branch: 'b',
    });
    expect(decodeChange('{"Kind":"image","Source":{"Name":{"Domain":"quay.io","Image":"org/app"}}}')).toEqual({
      kind: 'image',
      domain: 'quay.io',
      image: 'org/app',
    });
  });

  test('HTTP-14: an update is answered with its job', async () => {
    const body =
      '{"type":"image","cause":{"Message":"","User":"Ann \\u003cann@example.org\\u003e"},"spec":{"ServiceSpecs":["\\u003call\\u003e"],"ImageSpec":"\\u003call latest\\u003e","Kind":"execute","Excludes":null,"Force":false}}';
    const answer = await ask({ path: '/v9/update-manifests', method: 'POST', body });
    expect(answer).toMatchObject({ status: 200, type: JSON_TYPE, body: '"job-1"' });
    expect(answer.calls).toEqual([{ name: 'update', argument: JSON.parse(body) }]);
  });

  test('HTTP-16: a job that nobody knows', async () => {
    expect(await jsonOf({ path: '/v6/jobs?id=abc' })).toMatchObject({ status: 404, type: 'missing', error: 'unknown job "abc"' });
  });
});

describe('errors', () => {
  const helped = (fault: 'missing' | 'user' | 'server') =>
    new FluxError('it went wrong', { code: 'x/y', fault, help: 'Do this.' });

  test.each([
    ['HTTP-17', 'missing', 404],
    ['HTTP-17', 'user', 422],
    ['HTTP-17', 'server', 500],
  ] as const)('%s: of type %s', async (_id, fault, status) => {
    expect(await jsonOf({ path: LISTING }, failing(helped(fault)))).toMatchObject({
      status,
      type: fault,
      error: 'it went wrong',
    });
  });

  test('HTTP-17: one that says nothing more gets the general help', async () => {
    const answer = await jsonOf({ path: LISTING }, failing(new FluxError('it went wrong', { code: 'x/y', fault: 'user' })));
    expect(answer).toMatchObject({
      status: 422,
      type: 'user',
      help: expect.stringMatching(
        /^Error: it went wrong\n\nWe don't have a specific help message for the error above\.\n[\s\S]*\n$/,
      ),
    });
  });

  test('HTTP-19: as plain text it is the help', async () => {
    const answer = await ask({ path: LISTING, accept: 'text/plain' }, failing(helped('user')));
    expect(answer).toMatchObject({ status: 422, type: TEXT_TYPE });
    expect(answer.body).toContain('Do this.');
  });

  test('HTTP-20: without a wish it is the message', async () => {
    const answer = await ask({ path: LISTING, accept: undefined }, failing(helped('user')));
    expect(answer).toMatchObject({ status: 422, type: TEXT_TYPE, body: 'it went wrong' });
  });

  test('HTTP-22: nothing on offer is wanted', async () => {
    expect(negotiate('application/json;q=1.0,text/html;q=0.9, text/plain', ['a/b'])).toBeUndefined();
    await using api = await serve(failing(helped('user')));
    // Two headers count as one.
    const answer = await api.get('/api/flux/v6/services', { accept: ['text/html;q=0.9', 'application/json;q=0.1'].join(', ') });
    expect(answer.headers['content-type']).toBe(JSON_TYPE);
  });

  test('HTTP-23: among equals the server chooses', () => {
    expect(negotiate('application/json,a/b,text/html', ['a/b', 'application/json'])).toBe('a/b');
  });
});

describe('the key', () => {
  test('HTTP-35: is told as JSON, and made anew when asked', async () => {
    const config = { url: '', branch: 'b', paths: [], state: { status: 'ready' }, publicKey: KEY } as const;
    const daemon = daemonOf({ gitConfig: async () => config });
    expect(await jsonOf({ path: '/v6/identity.pub' }, daemon)).toMatchObject({
      key: `${KEY}\n`,
      fingerprints: { md5: { hash: expect.stringMatching(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/) }, sha256: {} },
    });
    const { calls } = await ask({ path: '/v6/identity.pub', method: 'POST' });
    expect(calls).toEqual([{ name: 'gitConfig', argument: { regenerateKey: true } }]);
  });
});

describe('the client', () => {
  /** A server that answers everything so. */
  async function against<T>(
    status: number,
    type: string,
    body: string,
    call: (client: ReturnType<typeof createApiClient>) => Promise<T>,
  ) {
    const server = createServer((_request, response) => {
      if (status === 0) response.destroy();
      else response.writeHead(status, { 'content-type': type }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/api/flux`;
    try {
      return await call(createApiClient({ transport, url, token: new Secret('tok') }));
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test('HTTP-25: an answer of 401 speaks of the token', async () => {
    await expect(against(401, TEXT_TYPE, 'no', (client) => client.ping())).rejects.toMatchObject({
      fault: 'user',
      help: expect.stringMatching(/token/i),
    });
  });

  test('HTTP-26: an error in JSON is the same error again; any other is its status and body', async () => {
    const body = '{"type":"missing","help":"Look elsewhere.\\n","error":"nothing here"}';
    await expect(against(404, JSON_TYPE, body, (client) => client.version())).rejects.toMatchObject({
      fault: 'missing',
      help: 'Look elsewhere.\n',
      message: 'executing HTTP request: nothing here',
    });
    await expect(against(404, TEXT_TYPE, '404 page not found\n', (client) => client.version())).rejects.toThrow(
      'executing HTTP request: 404 Not Found 404 page not found\n',
    );
  });

  test('HTTP-29: a connection that breaks is an error of the connection', async () => {
    await expect(against(0, '', '', (client) => client.ping())).rejects.toThrow(/^executing HTTP request: /);
  });
});

import { afterAll, describe, expect, test } from 'vitest';
import { createApiClient, isPassing } from '../../../src/api/client/index.ts';
import {
  createHttpTransport,
  FluxError,
  type HttpResponse,
  type HttpTransport,
  Secret,
  systemClock,
} from '../../../src/base/index.ts';
import { daemonOf, serve, serveByTls } from '../daemon-fixture.ts';
import { reviewByRbac } from '../rbac.ts';

const transport = createHttpTransport();
afterAll(() => transport.close());

const clientOf = (port: number, path = '/api/flux') => createApiClient({ transport, url: `http://127.0.0.1:${port}${path}` });

describe('the client', () => {
  test.each([
    ['127.0.0.1', /^https:\/\/127\.0\.0\.1:\d+\/ui\/#code=[\w-]{32}$/],
    ['10.1.2.3', /^https:\/\/127\.0\.0\.1:\d+\/ui\/$/],
  ])('by TLS to %s, the page is opened as who comes from there signs in', async (localAddress, url) => {
    const ui = { assets: new Map(), may: 'read-only' } as const;
    await using api = await serveByTls(daemonOf(), reviewByRbac, localAddress, { ui });
    const byTls = createHttpTransport({ tls: { ca: api.ca } });
    const base = `https://127.0.0.1:${api.port}/api/flux`;
    const client = createApiClient({ transport: byTls, url: base, token: new Secret('reader') });
    expect(await client.pageUrl()).toMatch(url);
    byTls.close();
  });

  test('asks after health and version', async () => {
    await using api = await serve();
    const client = clientOf(api.port);
    await client.ping();
    expect(await client.version()).toBe('1.2.3');
  });

  test('reads an empty list however it is written', async () => {
    await using api = await serve();
    const client = clientOf(api.port);
    expect(await client.listWorkloads({ namespace: '' })).toEqual([]);
    expect(await client.listImages({ namespace: '', spec: '<all>' })).toEqual([]);
    expect(await client.workloads(['a:deployment/b'])).toEqual([]);
    expect(await client.syncStatus('abc')).toEqual([]);
  });

  test('keeps whose fault an error is, and the daemon’s help', async () => {
    await using api = await serve();
    await expect(clientOf(api.port).jobStatus('nope')).rejects.toMatchObject({
      code: 'api/remote',
      fault: 'missing',
      message: 'executing HTTP request: unknown job "nope"',
      help: 'unknown job "nope"\n\nJob not found\n',
    });
  });

  test('reads problem details of the new API', async () => {
    const sync = () => {
      throw new FluxError('unknown sync "x"', { code: 'sync/unknown', fault: 'missing', help: 'Ask again.' });
    };
    await using api = await serve(daemonOf({ sync }));
    await expect(clientOf(api.port).sync('x')).rejects.toMatchObject({
      fault: 'missing',
      message: 'executing HTTP request: unknown sync "x"',
      help: 'unknown sync "x"\n\nAsk again.\n',
    });
  });

  test('starts a sync and looks after it', async () => {
    await using api = await serve(
      daemonOf({ sync: (id) => ({ id, state: 'done', counts: {}, changes: [], errors: [], warnings: [] }) }),
    );
    const client = clientOf(api.port, '/api/flux/');
    expect(await client.startSync()).toMatchObject({ id: 's-1', state: 'queued' });
    expect(await client.sync('s-1', { waitSeconds: 5 })).toMatchObject({ id: 's-1', state: 'done' });
  });

  test('knows of no syncs behind another path, as with a Go fluxd', async () => {
    await using api = await serve();
    expect(await clientOf(api.port, '/somewhere').startSync()).toBeUndefined();
    expect(api.calls).toEqual([]);
  });

  test('never shows the token or a password of the URL', async () => {
    const client = createApiClient({ transport, url: 'http://ann:hunter2@127.0.0.1:1/api/flux', token: new Secret('t0psecret') });
    const error = await client.ping().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FluxError);
    expect(String(error)).toContain('dial tcp 127.0.0.1:1: connect: connection refused');
    expect(String(error)).not.toMatch(/hunter2|t0psecret/);
  });

  test('stops when told to', async () => {
    await using api = await serve();
    await expect(clientOf(api.port).version({ signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

describe('a call that changes something', () => {
  const RELEASE = {
    type: 'image',
    cause: { Message: '', User: '' },
    spec: { ServiceSpecs: ['<all>'], ImageSpec: '<all latest>', Kind: 'execute', Excludes: [], Force: false },
  } as const;
  const clock = { ...systemClock, sleep: async () => undefined };
  /** The error of a release, and how often it was asked for, when each request comes to this. */
  const release = async (request: () => HttpResponse) => {
    let asked = 0;
    const counting: HttpTransport = {
      ...transport,
      request: async () => {
        asked += 1;
        return request();
      },
    };
    const client = createApiClient({ transport: counting, url: 'https://flux.example.org/api/flux', clock });
    const error = await client.updateManifests(RELEASE).catch((thrown: unknown) => thrown);
    return { error, asked };
  };
  const broken = (more: object) => () => {
    const cause = Object.assign(new Error('broken'), more);
    throw new FluxError('POST https://flux.example.org: broken', { code: 'http/connection', cause });
  };

  test('is not asked for again where something before the daemon describes its own trouble', async () => {
    const body = Buffer.from(JSON.stringify({ timestamp: 1, status: 504, error: 'Gateway Timeout', path: '/api/flux' }));
    const { error, asked } = await release(() => ({ status: 504, headers: {}, body }));
    expect(error).toMatchObject({ code: 'api/unknown-outcome' });
    expect(asked).toBe(1);
  });

  test('is asked for again where the daemon itself refuses it for now', async () => {
    const body = Buffer.from(
      JSON.stringify({ type: 'server', help: 'Send it again.', error: 'too many requests are being read' }),
    );
    const { error, asked } = await release(() => ({ status: 503, headers: {}, body }));
    expect(error).toMatchObject({ code: 'api/remote', help: 'Send it again.' });
    expect(asked).toBe(3);
  });

  test('has not arrived where there was no connection', async () => {
    const { error, asked } = await release(broken({ code: 'ETIMEDOUT', syscall: 'connect' }));
    expect(error).toMatchObject({ code: 'api/unreachable' });
    expect(asked).toBe(3);
    expect((await release(broken({ code: 'ETIMEDOUT', syscall: 'read' }))).error).toMatchObject({ code: 'api/unknown-outcome' });
  });

  test('has not arrived where the certificate is not accepted, which no second attempt mends', async () => {
    for (const code of ['DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID']) {
      const { error, asked } = await release(broken({ code }));
      expect([error, asked]).toMatchObject([{ code: 'api/unreachable', help: expect.stringMatching(/nothing was sent/) }, 1]);
      expect(isPassing(error)).toBe(false);
      // Names the call once.
      expect(String(error)).toMatch(/Post "https:[^"]*": broken$/);
    }
  });

  test('has not arrived where HTTP is spoken to what asks by https', async () => {
    await using api = await serve();
    const client = createApiClient({ transport, url: `https://127.0.0.1:${api.port}/api/flux`, clock });
    const error = await client.updateManifests(RELEASE).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'api/unreachable',
      message: expect.stringMatching(/: http: server gave HTTP response to HTTPS client$/),
    });
    expect(api.calls).toEqual([]);
  });
});

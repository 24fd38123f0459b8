import { afterAll, describe, expect, test } from 'vitest';
import { createApiClient } from '../../../src/api/client/index.ts';
import { createHttpTransport, FluxError, Secret } from '../../../src/base/index.ts';
import { daemonOf, serve } from '../daemon-fixture.ts';

const transport = createHttpTransport();
afterAll(() => transport.close());

const clientOf = (port: number, path = '/api/flux') => createApiClient({ transport, url: `http://127.0.0.1:${port}${path}` });

describe('the client', () => {
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

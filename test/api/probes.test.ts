import { expect, test } from 'vitest';
import { createApiServer } from '../../src/api/index.ts';
import { createMetrics, FluxError, silentLogger } from '../../src/base/index.ts';
import { following, type Leadership, requireLeadership, UNDECIDED, unknown } from '../../src/controller/leadership/leadership.ts';
import { daemonOf, send, serve } from './daemon-fixture.ts';

const STUCK = 'the loop has done nothing for 33 minutes; it is in step "sync"';

test('/healthz is ok while the loop gets on, and says why it is not when it is stuck', async () => {
  let stuck: string | undefined;
  await using api = await serve(daemonOf({ liveness: () => stuck, readiness: () => ({ ready: false, reason: 'Git: down' }) }));
  expect(await api.get('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
  stuck = STUCK;
  expect(await api.get('/healthz')).toMatchObject({ status: 503, body: `${STUCK}\n` });
});

test("Flux v1's probe is answered whatever else is wrong", async () => {
  await using api = await serve(daemonOf({ liveness: () => STUCK, readiness: () => ({ ready: false, reason: 'Git: down' }) }));
  expect(await api.get('/api/flux/v6/identity.pub')).toMatchObject({ status: 200 });
});

test('requests are measured by the name of their route, never by what was sent', async () => {
  const metrics = await createMetrics({ version: 'test' });
  const server = createApiServer({ daemon: daemonOf(), log: silentLogger(), onAnswer: metrics.request });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const lines = async () => (await metrics.render()).body.split('\n').filter((line) => line.startsWith('flux_request_'));
  try {
    for (const path of [
      '/api/flux/v11/services?namespace=shop',
      '/api/flux/v6/jobs?id=1',
      '/api/flux/v3/services',
      '/api/v1/syncs/s-1',
      '/healthz',
      '/nothing',
    ])
      await send(port, path);
    const counts = (await lines()).filter((line) => line.includes('_count{'));
    expect(counts.sort()).toEqual(
      [
        ['ListServicesWithOptions', 200],
        ['JobStatus', 404],
        ['Deprecated:v3', 410],
        ['/api/v1/syncs/{id}', 200],
        ['/healthz', 200],
        ['NotFound', 404],
      ]
        .map(
          ([route, code]) =>
            `flux_request_duration_seconds_count{method="GET",route="${route}",status_code="${code}",ws="false"} 1`,
        )
        .sort(),
    );
    const { length } = await lines();
    for (let i = 0; i < 50; i += 1) {
      await send(port, `/nothing-${i}`);
      await send(port, `/api/v1/syncs/s-${i}`);
      await send(port, `/api/flux/v11/services?namespace=n-${i}`);
      await send(port, '/nothing', { method: i % 2 ? 'BREW' : 'GET' });
    }
    // The other method, at most: a server of Node refuses it before we see it.
    expect((await lines()).length - length).toBeLessThanOrEqual(14);
  } finally {
    await server.close();
  }
});

test('every 503 says when to come again: probes, a daemon that waits, one that cannot have the lease (R-064)', async () => {
  let leadership: Leadership = UNDECIDED;
  const refuse = (): never => {
    requireLeadership(leadership);
    throw new Error('not refused');
  };
  await using api = await serve(
    daemonOf({
      startSync: refuse,
      update: async () => refuse(),
      liveness: () => STUCK,
      readiness: () => ({ ready: false, reason: 'Git: down' }),
    }),
  );
  const spec = { type: 'image', spec: { ServiceSpecs: ['<all>'], ImageSpec: '<all latest>', Kind: 'execute' }, cause: {} };
  const post = (path: string, body: object) =>
    send(api.port, path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const ask = () => [
    send(api.port, '/healthz'),
    send(api.port, '/readyz'),
    post('/api/v1/syncs', {}),
    post('/api/flux/v9/update-manifests', spec),
  ];
  const raced = new FluxError('another daemon wrote the lease at the same time', { code: 'lease/raced' });
  for (leadership of [following('flux-2'), unknown(raced)]) {
    for (const { status, headers } of await Promise.all(ask()))
      expect([status, headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  }
});

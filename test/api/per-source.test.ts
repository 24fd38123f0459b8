import { expect, test } from 'vitest';
import type { SourceDaemon } from '../../src/controller/daemon/facade.ts';
import { combineDaemons } from '../../src/controller/daemon/several.ts';
import { daemonOf, send, serve } from './daemon-fixture.ts';

const sourceDaemon = (name: string): SourceDaemon => ({
  source: name,
  ...daemonOf({
    sources: [name],
    objects: () => ({ follows: [], revision: name, objects: [] }),
    gitConfig: async () => ({
      url: `ssh://git@example.org/${name}`,
      branch: 'main',
      paths: [name],
      state: { status: 'ready' },
      publicKey: '',
    }),
  }),
  workloadIds: async () => new Set(),
  knows: async () => 0,
  requireAcceptance: () => undefined,
});

test('a request that names a source is answered for it alone, in both APIs', async () => {
  await using served = await serve({ calls: [], ...combineDaemons([sourceDaemon('apps'), sourceDaemon('infra')]) });
  const get = async (path: string) => {
    const { status, body } = await send(served.port, path);
    return [status, JSON.parse(body)];
  };
  expect(await get('/api/v1/objects?source=infra')).toEqual([200, { revision: 'infra', follows: [], objects: [] }]);
  expect(await get('/api/v1/objects')).toEqual([200, { revision: 'apps', follows: [], objects: [] }]);
  expect(await get('/api/v1/history?source=infra')).toEqual([200, { syncs: [] }]);
  expect(await get('/api/v1/history')).toMatchObject([422, { code: 'source/unnamed' }]);
  expect(await get('/api/v1/objects?source=nope')).toMatchObject([
    404,
    { code: 'source/unknown', help: expect.stringContaining('apps, infra') },
  ]);
  expect(await get('/api/flux/v11/services?namespace=&source=infra')).toEqual([200, null]);
  expect(await get('/api/v1/sources')).toEqual([
    200,
    {
      sources: ['apps', 'infra'].map((name) => ({
        name,
        url: `ssh://git@example.org/${name}`,
        branch: 'main',
        paths: [name],
        status: 'ready',
        ready: true,
        revision: name,
      })),
    },
  ]);
});

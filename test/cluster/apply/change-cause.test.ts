import { expect, test } from 'vitest';
import type { Manifest } from '../../../src/resource/index.ts';
import type { ApiServer } from '../api-server.ts';
import { manifest, path, request, startWorld } from '../world.ts';

const WEB = path.deployment('web');
const CAUSE = 'kubernetes.io/change-cause';

function web(image: string, annotations: Readonly<Record<string, string>> = {}): Manifest {
  return manifest({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop', annotations } },
    spec: { replicas: 1, template: { spec: { containers: [{ name: 'web', image }] } } },
  });
}

const patches = (server: ApiServer) => server.requests.filter(({ method, path: at }) => method === 'PATCH' && at === WEB);
const causeSent = (server: ApiServer): unknown => JSON.parse(patches(server).at(-1)?.body ?? '{}').metadata?.annotations?.[CAUSE];
const causesOf = (each: Manifest) => ({ changeCauses: new Map([[each.checksum, 'Release 2']]) });

test('a cause is sent with an apply that is due, and causes none', async () => {
  const { server, cluster, sync } = await startWorld();
  await sync([web('acme/web:1')]);
  const next = web('acme/web:2');
  const apply = async (more = {}) => cluster.apply(await cluster.plan(request([next], more)));
  await apply(causesOf(next));
  expect(causeSent(server)).toBe('Release 2');
  server.clear();
  expect(await apply(causesOf(next))).toMatchObject([{ outcome: 'unchanged' }]);
  expect(await apply()).toMatchObject([{ outcome: 'unchanged' }]);
  expect(patches(server)).toEqual([]);
});

test('a cause in the manifest counts, and drift is corrected without one', async () => {
  const { server, cluster } = await startWorld();
  const own = web('acme/web:1', { [CAUSE]: 'mine' });
  const apply = async () => cluster.apply(await cluster.plan(request([own], causesOf(own))));
  await apply();
  expect(causeSent(server)).toBe('mine');
  const plain = web('acme/web:1');
  await cluster.apply(await cluster.plan(request([plain])));
  server.remove(WEB);
  await cluster.apply(await cluster.plan(request([plain], causesOf(plain))));
  expect(causeSent(server)).toBeUndefined();
});

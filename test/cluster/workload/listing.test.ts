import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import type { Transport } from '../../../src/cluster/connection/transport.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import { type Kubernetes, startKubernetes } from '../../../src/sim/index.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { until } from '../../support/until.ts';
import { transportTo } from '../transport-to.ts';
import { path as places, startWorld } from '../world.ts';

const deployment = (name: string, namespace: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace, labels },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: `acme/${name}:1` }] } },
  },
});

describe('workloads as a watch shows them', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flux-listing-'));
  let server: Kubernetes;
  let transport: Transport;
  let cluster: Cluster;

  beforeAll(async () => {
    server = await startKubernetes();
    const kubeconfigFile = join(directory, 'kubeconfig');
    writeFileSync(kubeconfigFile, server.kubeconfig());
    transport = await transportTo(kubeconfigFile, systemClock);
    cluster = await createLoneCluster({ kubeconfigFile, excludeResources: [], clock: systemClock, log: silentLogger() });
  });
  afterAll(async () => {
    cluster.close();
    transport.close();
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  const put = (object: ReturnType<typeof deployment>) =>
    transport.request({
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/${object.metadata.namespace}/deployments/${object.metadata.name}`,
      query: { fieldManager: 'test', force: 'true' },
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify(object),
    });

  test('are the same array until one of them changes, and cost no request', async () => {
    await put(deployment('web', 'default'));
    await until('its controller has spoken', async () => (await cluster.workloads({}))[0]?.status === 'ready');
    const first = await cluster.workloads({});
    server.requests.length = 0;
    expect(await cluster.workloads({})).toBe(first);
    expect(await cluster.workloads({ namespace: 'default' })).toBe(await cluster.workloads({ namespace: 'default' }));
    expect(server.requests).toEqual([]);
    await put(deployment('web', 'default', { team: 'a' }));
    await until('the change is seen', async () => (await cluster.workloads({}))[0]?.labels.team === 'a');
    expect(first[0]?.labels).toEqual({});
    await put(deployment('api', 'default'));
    await until('the new one is seen', async () => (await cluster.workloads({})).length === 2);
    await transport.request({ method: 'DELETE', path: '/apis/apps/v1/namespaces/default/deployments/web' });
    await until(
      'the deletion is seen',
      async () => (await cluster.workloads({})).map(({ id }) => id).join() === 'default:deployment/api',
    );
  });

  test('are those of the namespace, or the ids, that were asked for', async () => {
    await put(deployment('one', 'default'));
    await transport.request({
      method: 'PATCH',
      path: '/api/v1/namespaces/default-2',
      query: { fieldManager: 'test', force: 'true' },
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default-2"}}',
    });
    await put(deployment('two', 'default-2'));
    const ids = async (filter: Parameters<Cluster['workloads']>[0]) =>
      (await cluster.workloads(filter)).map(({ id }) => id).sort();
    await until('it is seen', async () => (await ids({})).includes('default-2:deployment/two'));
    expect(await ids({ namespace: 'default-2' })).toEqual(['default-2:deployment/two']);
    expect(await ids({ namespace: 'default' })).not.toContain('default-2:deployment/two');
    expect(await ids({ ids: ['default:deployment/one', 'default-2:deployment/two'] })).toEqual([
      'default-2:deployment/two',
      'default:deployment/one',
    ]);
  });
});

describe('an export', () => {
  const world = async (options: Parameters<typeof startWorld>[0] = {}) => {
    const made = await startWorld(options);
    const { server } = made;
    for (const [name, namespace] of [
      ['web', 'shop'],
      ['api', 'blog'],
    ] as const) {
      server.put(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, {
        ...deployment(name, namespace),
        metadata: { name, namespace, uid: 'u', managedFields: [{ manager: 'x' }], labels: { app: name } },
      });
    }
    server.put(places.namespace('blog'), { metadata: { name: 'blog' } });
    server.put('/apis/apps/v1/namespaces/kube-system/deployments/dns', {
      metadata: { name: 'dns', namespace: 'kube-system', labels: { 'kubernetes.io/cluster-service': 'true' } },
    });
    return made;
  };
  const names = async ({ cluster }: { readonly cluster: Cluster }) =>
    (await cluster.exportObjects()).map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`);

  test('is each namespace with its workloads, whole, without what servers note and without add-ons', async () => {
    const made = await world();
    expect(await names(made)).toEqual([
      'v1 Namespace blog',
      'apps/v1 Deployment api',
      'v1 Namespace shop',
      'apps/v1 Deployment web',
    ]);
    const web = (await made.cluster.exportObjects()).at(-1);
    expect(web).toMatchObject({ metadata: { uid: 'u', labels: { app: 'web' } }, spec: { replicas: 0 } });
    expect(web?.metadata).not.toHaveProperty('managedFields');
  });

  test('holds the allowed namespaces alone, of those the ones that are there (S-095)', async () => {
    expect(await names(await world({ namespaces: ['shop', 'absent'] }))).toEqual(['v1 Namespace shop', 'apps/v1 Deployment web']);
  });

  test('leaves out what may not be listed', async () => {
    const made = await world();
    made.server.intercept = ({ path }) => (path === '/apis/apps/v1/deployments' ? { status: 403, body: {} } : undefined);
    expect(await names(made)).toEqual(['v1 Namespace blog', 'v1 Namespace shop']);
  });
});

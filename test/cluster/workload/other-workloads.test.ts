import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { type KubeObject, type Manifest, parseApiVersion } from '../../../src/resource/index.ts';
import { type Kubernetes, startKubernetes } from '../../../src/sim/index.ts';
import { createLoneCluster, type LoneCluster } from '../../support/lone-cluster.ts';
import { until } from '../../support/until.ts';
import { transportTo } from '../transport-to.ts';
import { manifest, request } from '../world.ts';

const directory = mkdtempSync(join(tmpdir(), 'flux-other-workloads-'));
let server: Kubernetes;
let cluster: LoneCluster;

beforeAll(async () => {
  server = await startKubernetes();
  const kubeconfigFile = join(directory, 'kubeconfig');
  writeFileSync(kubeconfigFile, server.kubeconfig());
  cluster = await createLoneCluster({ kubeconfigFile, excludeResources: [], clock: systemClock, log: silentLogger() });
});
afterAll(async () => {
  cluster.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

const PLURALS: Readonly<Record<string, string>> = { Rollout: 'rollouts', Cluster: 'clusters', Job: 'jobs', Pod: 'pods' };

function definition(kind: string, plural: string, group = 'argoproj.io'): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}

const containers = (image: string) => ({ containers: [{ name: 'c', image }] });
const named = (
  apiVersion: string,
  kind: string,
  name: string,
  spec: unknown,
  annotations?: Record<string, string>,
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'default', ...(annotations ? { annotations } : {}) },
  spec,
});
const rollout = (name: string) =>
  named('argoproj.io/v1alpha1', 'Rollout', name, { replicas: 2, template: { spec: containers(`acme/${name}:1`) } });
const job = (name: string) =>
  named('batch/v1', 'Job', name, { template: { spec: { restartPolicy: 'Never', ...containers(`acme/${name}:1`) } } });
const pod = (name: string) => named('v1', 'Pod', name, containers(`acme/${name}:1`));
const custom = (name: string, annotations?: Record<string, string>) =>
  named('argoproj.io/v1alpha1', 'Cluster', name, { image: `acme/${name}:1` }, annotations);

async function sync(manifests: readonly Manifest[]) {
  const changes = await cluster.apply(await cluster.plan(request(manifests)));
  expect(changes.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
}

/** As someone else. */
async function put(object: KubeObject) {
  const { group, version } = parseApiVersion(object.apiVersion);
  const transport = await transportTo(join(directory, 'kubeconfig'), systemClock);
  await transport.request({
    method: 'PATCH',
    path: `/${group === '' ? 'api' : `apis/${group}`}/${version}/namespaces/default/${PLURALS[object.kind]}/${object.metadata.name}`,
    query: { fieldManager: 'someone', force: 'true' },
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: JSON.stringify(object),
  });
  transport.close();
}

const listed = async () =>
  (await cluster.workloads({ namespace: 'default' })).map(({ id, containers: [first], status }) => [id, first?.image, status]);

test('of kinds that Flux v1 does not know, those from Git are listed, with their images and status', async () => {
  const definitions = [definition('Rollout', 'rollouts'), definition('Cluster', 'clusters')];
  await sync([...definitions, rollout('api'), custom('plain')].map((each) => manifest(each)));
  await until('the first is seen', async () => (await listed()).length === 1);
  for (const object of [rollout('foreign'), job('foreign'), pod('foreign')]) await put(object);
  await sync([rollout('web'), job('migrate'), pod('shell'), custom('plain')].map((each) => manifest(each)));
  await until('all are seen', async () => (await listed()).length >= 4);
  expect((await listed()).sort()).toEqual([
    ['default:job/migrate', 'acme/migrate:1', expect.any(String)],
    ['default:pod/shell', 'acme/shell:1', expect.any(String)],
    ['default:rollout/api', 'acme/api:1', 'updating'],
    ['default:rollout/web', 'acme/web:1', 'updating'],
  ]);
  const [one] = await cluster.workloads({ ids: ['default:rollout/web'] });
  expect(one).toMatchObject({ id: 'default:rollout/web', rollout: { desired: 2, ready: 0 } });
});

test('a StatefulSet of OpenKruise from Git is listed beside that of Kubernetes', async () => {
  const kruise = definition('StatefulSet', 'statefulsets', 'apps.kruise.io');
  const db = named('apps.kruise.io/v1alpha1', 'StatefulSet', 'db', { replicas: 2, template: { spec: containers('acme/db:1') } });
  await sync([manifest(kruise), manifest(db)]);
  await until('it is seen', async () => (await listed()).some(([id]) => id === 'default:statefulset/db'));
  expect((await listed()).filter(([id]) => id === 'default:statefulset/db')).toEqual([
    ['default:statefulset/db', 'acme/db:1', 'updating'],
  ]);
});

test('a custom resource is one as soon as its annotations in Git say where its image is, and as long', async () => {
  await sync([manifest(custom('db')), manifest(custom('other'))]);
  expect(await listed()).toEqual([]);
  await sync([manifest(custom('db', { 'repository.fluxcd.io/db': 'spec.image' })), manifest(custom('other'))]);
  await until('it is seen', async () => (await listed()).length === 1);
  expect(await listed()).toEqual([['default:cluster/db', 'acme/db:1', 'ready']]);
  await sync([manifest(custom('db')), manifest(custom('other'))]);
  await until('it is none any more', async () => (await listed()).length === 0);
});

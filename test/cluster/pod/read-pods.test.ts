import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FluxError, systemClock } from '../../../src/base/index.ts';
import type { Transport } from '../../../src/cluster/connection/transport.ts';
import { readPods } from '../../../src/cluster/pod/read-pods.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import { type Body, eventually, startTarget, type Target } from '../../sim/kubernetes/target.ts';
import { transportTo } from '../transport-to.ts';

/** Against the embedded API: sixty pods of the image before, whose names come first, and one of the new image. */
const OLD_PODS = 60;
const IMAGE = 'example.com/app:missing';
let target: Target;
let transport: Transport;
let folder: string;

beforeAll(async () => {
  target = await startTarget({ file: undefined });
  folder = await mkdtemp(join(tmpdir(), 'pods-'));
  const file = join(folder, 'kubeconfig');
  await writeFile(file, target.sim?.kubeconfig() ?? '');
  transport = await transportTo(file, systemClock);
});
afterAll(async () => {
  transport.close();
  await target.stop();
  await rm(folder, { recursive: true });
});

const workload = (kind: string, name: string): Body => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: IMAGE }] } },
  },
});

async function createPod(namespace: string, name: string, labels: Body): Promise<void> {
  const { status } = await target.call('POST', `/api/v1/namespaces/${namespace}/pods`, {
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
      spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] },
    },
  });
  expect(status).toBe(201);
}

/** Answers requests for some kinds of objects with 403. */
function without(...forbidden: readonly string[]): Pick<Transport, 'request'> {
  return {
    request: (request) =>
      forbidden.some((plural) => request.path.endsWith(`/${plural}`))
        ? Promise.reject(new FluxError(`${request.path} is forbidden`, { code: 'cluster/forbidden' }))
        : transport.request(request),
  };
}

const read = (namespace: string, kind: string, by: Pick<Transport, 'request'>) =>
  readPods(`${namespace}:${kind.toLowerCase()}/web`, { transport: by, allowed: createAllowedNamespaces([]) }, { limit: 50 });

test.each([
  ['Deployment', 'deployments', 'pod-template-hash', 'replicasets'],
  ['StatefulSet', 'statefulsets', 'controller-revision-hash', undefined],
  ['DaemonSet', 'daemonsets', 'controller-revision-hash', 'controllerrevisions'],
])('the new pod of a large %s is found among the old ones', async (kind, plural, label, revisions) => {
  const namespace = await target.namespace();
  const old = Array.from({ length: OLD_PODS }, (_, n) => `a-${String(n).padStart(2, '0')}`);
  for (const name of old) await createPod(namespace, name, { app: 'web', [label]: 'old' });
  await target.apply(`/apis/apps/v1/namespaces/${namespace}/${plural}/web`, workload(kind, 'web'));
  await eventually(
    () => target.call('GET', `/api/v1/namespaces/${namespace}/pods`),
    ({ body }) =>
      body.items.some(
        ({ metadata, status }: Body) => metadata.name.startsWith('web-') && status?.containerStatuses !== undefined,
      ),
  );
  const found = await read(namespace, kind, transport);
  expect(found.map(({ containers }) => containers)).toMatchObject([
    [{ image: IMAGE, now: { state: 'waiting', reason: 'ErrImagePull' } }],
  ]);
  if (revisions === undefined) return;
  const anyPods = await read(namespace, kind, without(revisions));
  expect(anyPods.map(({ name }) => name)).toEqual(old.slice(0, 50));
});

const running = (name: string, isReady: boolean): Body => ({
  metadata: { name },
  spec: { containers: [{ name: 'app', image: IMAGE }] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
    containerStatuses: [{ name: 'app', ready: isReady, state: { running: {} } }],
  },
});

test.each([
  ['StatefulSet', 'controller-revision-hash', 'follow one that runs without being ready', false, ['web-9', 'web-0'], 2],
  ['StatefulSet', 'controller-revision-hash', 'are not read otherwise', true, ['web-9'], 1],
  ['Rollout', 'rollouts-pod-template-hash', 'follow one that runs without being ready', false, ['web-9', 'web-0'], 2],
])('pods of earlier templates of a %s, by %s, %s', async (kind, label, _what, isReady, names, lists) => {
  const selectors: (string | undefined)[] = [];
  const answer = ({ path, query = {} }: { readonly path: string; readonly query?: Readonly<Record<string, string>> }): Body => {
    if (!path.endsWith('/pods'))
      return { ...workload(kind, 'web'), status: { updateRevision: 'web-2', currentPodHash: 'web-2' } };
    selectors.push(query.labelSelector);
    return { items: [query.labelSelector?.includes('!=') ? running('web-0', false) : running('web-9', isReady)] };
  };
  const found = await read('shop', kind, {
    request: async (request) => ({ status: 200, headers: {}, attempts: 1, body: answer(request) }),
  });
  expect(found.map(({ name }) => name)).toEqual(names);
  const all = [`app=web,${label}=web-2`, `app=web,${label}!=web-2`];
  expect(selectors).toEqual(all.slice(0, lists));
});

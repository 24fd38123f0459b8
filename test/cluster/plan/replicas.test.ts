import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { type ApiServer, status } from '../api-server.ts';
import { deployment, path, request, startWorld, type World } from '../world.ts';

const WEB = path.deployment('web');
const AUTOSCALERS = '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers';

/** Somebody scales the Deployment: the number, and who wrote it through `scale`. */
function scale(server: ApiServer, manager: string, replicas: number): void {
  server.edit(WEB, ({ spec, metadata }) => {
    spec.replicas = replicas;
    metadata.managedFields = [
      ...metadata.managedFields.filter(({ subresource }: { subresource?: string }) => subresource !== 'scale'),
      { manager, operation: 'Update', subresource: 'scale', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ];
  });
}

function autoscale({ server }: World, ref: object): void {
  server.kinds.push({
    group: 'autoscaling',
    version: 'v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    namespaced: true,
  });
  server.put(`${AUTOSCALERS}/web`, { metadata: { name: 'web', namespace: 'shop' }, spec: { scaleTargetRef: ref } });
}

const TARGET = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

/** What was sent for the Deployment last. */
function sent(server: ApiServer): { readonly spec: { readonly replicas?: number } } {
  const patch = server.requests.findLast((each) => each.method === 'PATCH' && each.path === WEB);
  return JSON.parse(patch?.body ?? '{}');
}

const cases: readonly {
  readonly name: string;
  readonly holder?: string;
  readonly to?: number;
  readonly prepare?: (world: World) => void;
  readonly replicas: number | undefined;
  readonly told?: string;
}[] = [
  { name: 'kubectl holds it, and Git has another number now', replicas: 5 },
  { name: 'an old kubectl holds it', holder: 'kubectl-scale', replicas: 5 },
  {
    name: 'kubectl holds it, and Git has the number that it had',
    to: 1,
    replicas: undefined,
    told: 'spec.replicas 1 is not applied: kubectl holds another number through the scale subresource',
  },
  {
    name: 'a controller holds it',
    holder: 'kube-controller-manager',
    replicas: undefined,
    told: 'spec.replicas 5 is not applied: kube-controller-manager holds another number through the scale subresource',
  },
  {
    name: 'an autoscaler targets it',
    prepare: (world) => autoscale(world, TARGET),
    replicas: undefined,
    told: 'HorizontalPodAutoscaler web decides',
  },
  {
    name: 'the autoscaler targets another object',
    prepare: (world) => autoscale(world, { ...TARGET, name: 'cart' }),
    replicas: 5,
  },
  {
    name: 'the autoscaler targets another kind',
    prepare: (world) => autoscale(world, { ...TARGET, kind: 'Rollout' }),
    replicas: 5,
  },
  {
    name: 'autoscalers cannot be listed',
    prepare(world) {
      autoscale(world, TARGET);
      world.server.intercept = ({ path: at }) =>
        at === AUTOSCALERS ? { status: 403, body: status(403, 'Forbidden', 'no right') } : undefined;
    },
    replicas: undefined,
    told: 'autoscalers cannot be listed: no right',
  },
];

test.for(cases)('replicas that were scaled, where $name: Git’s number is $replicas (R-011)', async (each) => {
  const { holder = 'kubectl', to = 5, prepare, replicas, told } = each;
  const world = await startWorld();
  const { server, cluster, sync } = world;
  prepare?.(world);
  await sync([deployment('web', 1)]);
  scale(server, holder, 3);
  server.clear();
  // Something else changes too.
  const next = deployment('web', to);
  const plan = await cluster.plan(request([{ ...next, checksum: 'another' }]));
  const [change] = await cluster.apply(plan);
  expect(sent(server).spec.replicas).toBe(replicas);
  expect(change?.outcome).toBe('configured');
  expect((change?.warnings ?? []).map(({ message }) => message).join()).toContain(told ?? '');
  if (replicas !== undefined) expect(change?.reason).toContain(`spec.replicas 5 replaces ${holder}'s`);
  // It is told as long as it waits, and Git is not asked about again.
  if (told === undefined) return;
  scale(server, holder, 3);
  const [later] = await cluster.apply(await cluster.plan(request([{ ...next, checksum: 'another' }])));
  expect(later).toMatchObject({ outcome: 'unchanged', warnings: [{ code: 'cluster/replicas-held' }] });
});

test.each([
  ['the record knows the number before', [deployment('web', 1)], 5],
  ['nothing is recorded', [], undefined],
  ['nothing is known', undefined, undefined],
])('after a restart, where %s, it is %s', async (_name, before, replicas) => {
  const { server, clock, sync } = await startWorld();
  await sync([deployment('web', 1)]);
  scale(server, 'kubectl', 3);
  const restarted = await createLoneCluster({
    kubeconfigFile: server.kubeconfigFile,
    excludeResources: [],
    clock,
    log: silentLogger(),
  });
  await restarted.apply(await restarted.plan(request([deployment('web', 5)], before ? { before } : {})));
  restarted.close();
  expect(sent(server).spec.replicas).toBe(replicas);
});

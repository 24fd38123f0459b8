import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import type { PlanRequest } from '../../../src/change/index.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { status } from '../api-server.ts';
import { configMap, manifest, path, request, startWorld, type World, widget } from '../world.ts';

/** What can hold the deletion of an object, in the order in which one reason goes before another, and how each is told. */
const REASONS = {
  'fluxcd.io/ignore in the cluster': 'fluxcd.io/ignore: true in the cluster',
  'another source': 'another source of this Flux wants it',
  'a broken file': '1 part of the repository could not be read',
  'an unknown kind': '1 object of the repository cannot be applied',
  'an API that is down': 'API discovery is incomplete: apps/v1',
  'a list that fails': 'not all objects could be listed: /Secret',
} as const;
type Cause = keyof typeof REASONS;
const CAUSES = Object.keys(REASONS) as Cause[];
const LEAVES = 'leaves Git';

const ON = { garbageCollection: 'on' } as const;
const AT = path.configMap('leaves');
const leaves = configMap('leaves');
const inBrokenFile = configMap('in-broken-file');
const kept = ['a', 'b', 'c'].map((name) => configMap(name));
const ignoredElsewhere = manifest({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'leaves', namespace: 'shop', annotations: { 'fluxcd.io/ignore': 'true' } },
});

/** Brings about one cause in the cluster; what is in Git is made up by `wanted`. */
function bringAbout({ server }: World, cause: string): void {
  if (cause === 'an API that is down') server.stale = ['apps/v1'];
  if (cause === 'fluxcd.io/ignore in the cluster')
    server.edit(AT, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'fluxcd.io/ignore': 'true' };
    });
  if (cause === 'a list that fails')
    server.intercept = ({ path: at }) =>
      at === '/api/v1/secrets' ? { status: 500, body: status(500, 'InternalError', 'no') } : undefined;
}

function wanted(happened: ReadonlySet<string>): PlanRequest {
  const isBroken = happened.has('a broken file');
  const manifests = [
    ...kept,
    ...(happened.has(LEAVES) ? [] : [leaves]),
    ...(isBroken ? [] : [inBrokenFile]),
    ...(happened.has('an unknown kind') ? [widget('w')] : []),
  ];
  const errors = isBroken ? [{ file: 'x.yaml', error: new Error('broken') } as never] : [];
  return request([], { ...ON, desired: { manifests, errors, warnings: [] } });
}

/** What one process says of the object; another source of it is heard first, where there is one. */
async function reasonOf(cluster: Cluster, happened: ReadonlySet<string>): Promise<string | undefined> {
  if (happened.has('another source')) await cluster.plan({ ...request([ignoredElsewhere], ON), syncSet: 'another' });
  const plan = await cluster.plan(wanted(happened));
  const entry = plan.entries.find(({ id }) => id === 'shop:configmap/leaves');
  if (entry?.action !== 'prune') await cluster.apply(plan);
  return entry?.action === 'prune' ? 'prune' : entry?.reason;
}

test('a held deletion is told with the right reason in every order of events, and after a restart', async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([LEAVES, ...CAUSES], { minLength: 2 }), async (events) => {
      const world = await startWorld();
      const { server, cluster, clock } = world;
      await cluster.apply(await cluster.plan(wanted(new Set())));
      const happened = new Set<string>();
      for (const event of events) {
        bringAbout(world, event);
        happened.add(event);
        const reason = await reasonOf(cluster, happened);
        if (!happened.has(LEAVES)) continue;
        const [first] = CAUSES.filter((cause) => happened.has(cause));
        const expected = first === undefined ? 'prune' : REASONS[first];
        expect(reason).toContain(expected);
        const log = silentLogger();
        const other = await createLoneCluster({ kubeconfigFile: server.kubeconfigFile, excludeResources: [], clock, log });
        expect(await reasonOf(other, happened)).toContain(expected);
        other.close();
      }
    }),
    { numRuns: Number(process.env.REASON_RUNS ?? 15) },
  );
});

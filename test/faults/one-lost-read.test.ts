import { expect, onTestFinished } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { metadataOf } from '../../src/cluster/object/live.ts';
import { createReflector } from '../../src/cluster/watch/reflector.ts';
import type { Change, ObjectEvent } from '../../src/controller/ports.ts';
import { CONFIG_MAPS, transportTo } from '../cluster/transport-to.ts';
import { configMap, manifest, namespace, request } from '../cluster/world.ts';
import type { Recorded } from '../e2e/harness/api-proxy.ts';
import { FEW_KINDS, type Flow, losesNothing, told } from './lost-request.ts';
import { configMapPath } from './manifests.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
const MAPS = 'api/v1/namespaces/shop/configmaps';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const workload = (name: string, app = 'a', more = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop', ...more },
  spec: {
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'a', image: 'acme/a:1' }] } },
  },
});
const byKubectl = (object: object & { readonly metadata: object }) => ({
  ...object,
  metadata: { ...object.metadata, annotations: { [LAST_APPLIED]: JSON.stringify(object) } },
});

losesNothing(
  'watches that end and are opened again',
  {
    async begin({ cluster, sync, person, time }) {
      const set = [namespace('shop'), configMap('a'), manifest(workload('web'))];
      await sync(set);
      let asked = 0;
      cluster.onDrift(() => {
        asked += 1;
      });
      return async () => {
        // The server ends them after 45 s.
        await time.pass(50 * SECOND);
        const quiet = asked === 0;
        await person.patch(configMapPath('a'), { data: { a: 'x' } });
        // Of one that is opened and says nothing any more only its time tells.
        await time.until('it is seen', () => asked > 0, 60 * SECOND);
        return { quiet, changes: told(await sync(set)) };
      };
    },
    outcome: {
      quiet: true,
      changes: {
        '<cluster>:namespace/shop': 'unchanged',
        'shop:configmap/a': expect.stringMatching(/^configured: drift: changed in the cluster by .*: data.a$/),
        'shop:deployment/web': 'unchanged',
      },
    },
  },
  0,
);

losesNothing(
  'a watch that rested',
  {
    async begin({ person, time, proxy, clock }) {
      for (const name of ['kept', 'changed', 'leaves']) await person.create(MAPS, { metadata: { name } });
      // The controllers of the cluster have their turn.
      await time.pass(SECOND);
      const transport = await transportTo(proxy.kubeconfig, clock);
      const changed: string[] = [];
      const reflector = createReflector({
        transport,
        clock,
        log: silentLogger(),
        resource: CONFIG_MAPS,
        namespace: 'shop',
        detail: 'metadata',
        trim: (object) => metadataOf(object).resourceVersion ?? '',
        onChange: (key) => changed.push(key),
      });
      onTestFinished(() => {
        reflector.close();
        transport.close();
      });
      await time.during(reflector.current());
      reflector.rest();
      await time.pass(0);
      return async () => {
        await person.patch(configMapPath('changed'), { data: { a: 'x' } });
        await person.delete(configMapPath('leaves'));
        await person.create(MAPS, { metadata: { name: 'new' } });
        reflector.wake();
        await time.during(reflector.current());
        await time.until('it is told', () => changed.length >= 3, 60 * SECOND);
        const isExact = (await person.list(MAPS)).every(
          ({ metadata: { name, resourceVersion } }) => reflector.objects.get(`shop/${name}`) === resourceVersion,
        );
        return { changed: changed.toSorted(), isExact, count: reflector.objects.size };
      };
    },
    outcome: { changed: ['shop/changed', 'shop/leaves', 'shop/new'], isExact: true, count: 4 },
  },
  1,
);

losesNothing(
  'a diff',
  {
    async begin({ cluster, sync, person, time }) {
      const ours = [namespace('shop'), configMap('a'), manifest(workload('web'))];
      await sync(ours);
      await person.create(`${MAPS}?fieldManager=kubectl-client-side-apply`, byKubectl(configMap('taken', { old: '1' }).object));
      const forced = manifest(workload('web', 'b', { annotations: { 'fluxcd.io/force': 'true' } }));
      const fresh = [configMap('new'), namespace('beside'), configMap('in', { a: 'b' }, 'beside')];
      const set = [namespace('shop'), configMap('a', { a: 'x' }), configMap('taken', { new: '2' }), forced, ...fresh];
      return async () => {
        const plan = await time.during(cluster.plan(request(set, { preview: true })));
        const diffs = await time.during(cluster.diff(plan));
        return Object.fromEntries(
          diffs.map(({ id, action, reason, fields = [] }) => {
            const what = fields.map(({ path }) => path).join(', ') || reason;
            return [id, what === undefined ? action : `${action}: ${what}`];
          }),
        );
      };
    },
    outcome: {
      '<cluster>:namespace/shop': 'unchanged',
      'shop:configmap/a': 'change: data.a',
      'shop:configmap/taken': 'change: data.new, data.old',
      'shop:deployment/web': expect.stringMatching(/^change: it would be deleted and created anew: .*field is immutable/),
      'shop:configmap/new': 'create: data.a',
      '<cluster>:namespace/beside': 'create: metadata.labels["kubernetes.io/metadata.name"], spec.finalizers',
      'beside:configmap/in': 'create: data.a',
    },
  },
  2,
);

const POD_OWNERS = ['deployments', 'daemonsets', 'statefulsets'] as const;

async function workloadsAreListed({ cluster, person, time }: World) {
  for (const plural of POD_OWNERS) {
    const kind = { deployments: 'Deployment', daemonsets: 'DaemonSet', statefulsets: 'StatefulSet' }[plural];
    await person.create(`apis/apps/v1/namespaces/shop/${plural}`, { ...workload('web'), kind });
  }
  await time.pass(SECOND);
  return async () => {
    const first = await time.during(cluster.workloads({}));
    const second = await time.during(cluster.workloads({}));
    const exported = await time.during(cluster.exportObjects());
    return {
      first: first.map(({ id, status }) => `${id} ${status}`),
      same: second === first,
      exported: exported.map(({ kind, metadata }) => `${kind} ${metadata.name}`).filter((each) => /shop|web/.test(each)),
      version: (await time.during(cluster.version())) !== '',
      secret: await time.during(cluster.readCore('Secret', 'shop', 'none')),
    };
  };
}

const LISTED = {
  first: ['shop:deployment/web ready', 'shop:daemonset/web ready', 'shop:statefulset/web ready'],
  same: true,
  exported: ['Namespace shop', 'Deployment web', 'DaemonSet web', 'StatefulSet web'],
  version: true,
  secret: undefined,
};

losesNothing('listing workloads', { begin: workloadsAreListed, outcome: LISTED }, 3);
losesNothing(
  'listing workloads of the one namespace that is allowed',
  { options: { namespaces: ['shop'] }, begin: workloadsAreListed, outcome: LISTED },
  4,
);

losesNothing(
  'following the health of what was applied',
  {
    async begin({ cluster, sync, time }) {
      const changes = await sync([namespace('shop'), configMap('a'), manifest(workload('web'))]);
      return async () => {
        const health = cluster.watchHealth(changes, () => undefined);
        await time.until('it is known', () => health.settled(), 60 * SECOND);
        const states = health.states().map(({ id, state }) => `${id} ${state}`);
        health.close();
        return states;
      };
    },
    outcome: ['<cluster>:namespace/shop current', 'shop:configmap/a current', 'shop:deployment/web current'],
  },
  5,
);

losesNothing(
  'Kubernetes Events',
  {
    async begin({ cluster, sync, person, time }) {
      const changes = await sync([namespace('shop'), configMap('a'), configMap('b')]);
      const tell = (note: string) =>
        cluster.tell(
          changes
            .filter(({ id }) => id.includes('configmap'))
            .map(
              (change: Change): ObjectEvent => ({
                change,
                reason: 'SyncFailed',
                action: 'Sync',
                type: 'Warning',
                note,
                revision: 'r',
              }),
            ),
        );
      return async () => {
        tell('no');
        await time.pass(120 * SECOND);
        for (let n = 0; n < 3; n += 1) tell('no');
        await time.pass(300 * SECOND);
        tell('no');
        await time.pass(120 * SECOND);
        const events = await person.list('apis/events.k8s.io/v1/namespaces/shop/events');
        return events.map(({ regarding, note, series }) => `${regarding.name}: ${note} ${series?.count}`).toSorted();
      };
    },
    outcome: ['a: no 5', 'b: no 5'],
  },
  6,
);

const TWO_SYNCS = {
  first: {
    'shop:configmap/kept': 'created',
    'shop:deployment/web': 'created',
    'shop:configmap/changed': 'created',
    'shop:configmap/leaves': 'created',
  },
  second: {
    'shop:configmap/kept': 'unchanged',
    'shop:deployment/web': 'unchanged',
    'shop:configmap/changed': 'configured: changed in Git',
    'shop:configmap/new': 'created',
    'shop:configmap/leaves': 'deleted: no longer in Git',
  },
  left: undefined,
};

/** A first sync, and one that changes, creates and deletes. */
const twoSyncs: Pick<Flow, 'begin' | 'outcome'> = {
  async begin({ sync, person }) {
    return async () => {
      const on = { garbageCollection: 'on' } as const;
      const stays = [configMap('kept'), manifest(workload('web'))];
      const first = told(await sync([...stays, configMap('changed'), configMap('leaves')], on));
      const second = told(await sync([...stays, configMap('changed', { a: 'new' }), configMap('new')], on));
      return { first, second, left: await person.find(configMapPath('leaves')) };
    };
  },
  outcome: TWO_SYNCS,
};

const streamed = ({ query }: Recorded) => query.has('sendInitialEvents');

losesNothing(
  'syncs of a server without streamed lists',
  {
    ...twoSyncs,
    options: FEW_KINDS,
    server: (recorded) => (streamed(recorded) ? { kind: 'answer', status: 422 } : undefined),
  },
  7,
);

losesNothing(
  'syncs where nobody may watch',
  {
    options: FEW_KINDS,
    server: ({ watch }) => (watch ? { kind: 'answer', status: 403 } : undefined),
    async begin(world) {
      await world.sync([configMap('kept'), manifest(workload('web'))]);
      // Until it was warned that nobody may watch.
      await world.time.pass(60 * SECOND);
      return twoSyncs.begin(world);
    },
    outcome: {
      ...TWO_SYNCS,
      first: { ...TWO_SYNCS.first, 'shop:configmap/kept': 'unchanged', 'shop:deployment/web': 'unchanged' },
    },
    log: ['watch failed; trying again', 'watch failed; trying again'],
  },
  8,
);

losesNothing(
  'syncs within the namespaces that are allowed',
  { ...twoSyncs, options: { ...FEW_KINDS, namespaces: ['shop', 'default'] } },
  0,
);

losesNothing(
  'syncs of a server that tells its kinds version by version',
  {
    ...twoSyncs,
    options: FEW_KINDS,
    server: async ({ path }, { person }) =>
      path === '/api' || path === '/apis' ? { kind: 'answer', status: 200, body: await person.get(path.slice(1)) } : undefined,
  },
  1,
);

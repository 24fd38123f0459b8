import { expect } from 'vitest';
import type { KubeObject } from '../../src/resource/index.ts';
import { configMap, manifest, namespace, widget, widgetDefinition } from '../cluster/world.ts';
import { FEW_KINDS, losesNothing, told } from './lost-request.ts';
import { configMapPath } from './manifests.ts';
import type { World } from './world.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const inShop = (apiVersion: string, kind: string, name: string, more: object): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'shop' },
  ...more,
});
const workload = (name: string, app = 'a', annotations = {}) => {
  const spec = {
    replicas: 0,
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'a', image: 'acme/a:1' }] } },
  };
  const object = inShop('apps/v1', 'Deployment', name, { spec });
  return { ...object, metadata: { ...object.metadata, annotations } };
};

/** Without the one that a Namespace gets a moment after it was made. */
const mapsIn = async ({ person }: World, space: string) =>
  (await person.list(`api/v1/namespaces/${space}/configmaps`))
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== 'kube-root-ca.crt');

const APPLIED = [
  ['api/v1/namespaces/shop/configmaps', configMap('a')],
  ['api/v1/namespaces/shop/configmaps', configMap('b')],
  ['api/v1/namespaces/shop/secrets', manifest(inShop('v1', 'Secret', 'token', { data: { a: 'YQ==' } }))],
  ['apis/apps/v1/namespaces/shop/deployments', manifest(workload('web'))],
] as const;

losesNothing(
  'the first sync over what kubectl applied',
  {
    async begin({ person, sync }) {
      for (const [path, { object }] of APPLIED) {
        const metadata = { ...object.metadata, annotations: { [LAST_APPLIED]: JSON.stringify(object) } };
        await person.create(`${path}?fieldManager=kubectl-client-side-apply`, { ...object, metadata });
      }
      return async () => told(await sync([namespace('shop'), ...APPLIED.map(([, each]) => each)]));
    },
    outcome: {
      '<cluster>:namespace/shop': 'configured: not applied since this daemon started',
      'shop:configmap/a': 'configured: taken over from kubectl apply',
      'shop:configmap/b': 'configured: taken over from kubectl apply',
      'shop:secret/token': 'configured: taken over from kubectl apply',
      'shop:deployment/web': 'configured: taken over from kubectl apply',
    },
  },
  0,
);

losesNothing(
  'a later sync that changes, creates and deletes',
  {
    options: FEW_KINDS,
    async begin(world) {
      const { sync, person } = world;
      const stays = [namespace('shop'), configMap('kept'), configMap('waits'), configMap('leaves'), manifest(workload('web'))];
      await sync([...stays, configMap('changed')], { garbageCollection: 'on' });
      await person.patch(configMapPath('waits'), { metadata: { finalizers: ['acme.io/wait'] } });
      const { uid } = (await person.get(configMapPath('kept'))).metadata;
      return async () => {
        const wanted = [namespace('shop'), configMap('kept'), manifest(workload('web'))];
        const set = [...wanted, configMap('changed', { a: 'new' }), configMap('new')];
        const changes = told(await sync(set, { garbageCollection: 'on' }));
        const kept = (await person.get(configMapPath('kept'))).metadata.uid === uid;
        return { changes, kept, maps: await mapsIn(world, 'shop') };
      };
    },
    outcome: {
      changes: {
        '<cluster>:namespace/shop': 'unchanged',
        'shop:configmap/kept': 'unchanged',
        'shop:deployment/web': 'unchanged',
        'shop:configmap/changed': 'configured: changed in Git',
        'shop:configmap/new': 'created',
        'shop:configmap/leaves': 'deleted: no longer in Git',
        'shop:configmap/waits': 'deleted: it is removed when its finalizers are done: acme.io/wait',
      },
      kept: true,
      maps: ['changed', 'kept', 'new', 'waits'],
    },
  },
  1,
);

losesNothing(
  'the correction of drift',
  {
    async begin({ cluster, sync, person, time }) {
      const set = [namespace('shop'), configMap('edited'), configMap('deleted'), manifest(workload('web'))];
      await sync(set);
      let asked = 0;
      cluster.onDrift(() => {
        asked += 1;
      });
      return async () => {
        await person.patch(configMapPath('edited'), { data: { a: 'x' } });
        await person.delete(configMapPath('deleted'));
        await time.until('it is seen', () => asked > 0, 1_000);
        await time.pass(2_000);
        const changes = told(await sync(set));
        const before = asked;
        // Less than the truce, at the end of which it is looked at once more.
        await time.pass(1_500);
        const { data } = await person.get(configMapPath('edited'));
        return { changes, data, askedAgain: asked > before };
      };
    },
    outcome: {
      changes: {
        '<cluster>:namespace/shop': 'unchanged',
        'shop:configmap/edited': expect.stringMatching(/^configured: drift: changed in the cluster by .*: data.a$/),
        'shop:configmap/deleted': 'created: drift: gone from the cluster',
        'shop:deployment/web': 'unchanged',
      },
      data: { a: 'b' },
      askedAgain: false,
    },
  },
  2,
);

losesNothing(
  'a definition with its object, and a Namespace with its own, in one sync',
  {
    async begin({ sync }) {
      const set = [widget('w'), widgetDefinition(), namespace('new'), configMap('a', { a: 'b' }, 'new')];
      return async () => ({ first: told(await sync(set)), second: told(await sync(set)) });
    },
    outcome: {
      first: {
        'shop:widget/w': 'created',
        '<cluster>:customresourcedefinition/widgets.example.com': 'created',
        '<cluster>:namespace/new': 'created',
        'new:configmap/a': 'created',
      },
      second: {
        'shop:widget/w': 'unchanged',
        '<cluster>:customresourcedefinition/widgets.example.com': 'unchanged',
        '<cluster>:namespace/new': 'unchanged',
        'new:configmap/a': 'unchanged',
      },
    },
  },
  3,
);

losesNothing(
  'the recreation of an object by fluxcd.io/force',
  {
    async begin({ sync, person }) {
      await sync([namespace('shop'), manifest(workload('web'))]);
      const before = await person.get('apis/apps/v1/namespaces/shop/deployments/web');
      return async () => {
        const changes = told(await sync([namespace('shop'), manifest(workload('web', 'b', { 'fluxcd.io/force': 'true' }))]));
        const { metadata, spec } = await person.get('apis/apps/v1/namespaces/shop/deployments/web');
        const { matchLabels } = spec.selector;
        return { changes, anew: metadata.uid !== before.metadata.uid, matchLabels };
      };
    },
    outcome: {
      changes: {
        '<cluster>:namespace/shop': 'unchanged',
        'shop:deployment/web': expect.stringMatching(/^configured: recreated: .*field is immutable/),
      },
      anew: true,
      matchLabels: { app: 'b' },
    },
  },
  4,
);

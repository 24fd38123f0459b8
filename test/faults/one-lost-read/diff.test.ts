import { expect } from 'vitest';
import { configMap, manifest, namespace, request } from '../../cluster/world.ts';
import { losesNothing } from '../lost-request.ts';
import { MAPS, workload } from './workload.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const byKubectl = (object: object & { readonly metadata: object }) => ({
  ...object,
  metadata: { ...object.metadata, annotations: { [LAST_APPLIED]: JSON.stringify(object) } },
});

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
      'shop:deployment/web': expect.stringMatching(/^change: it would be deleted and recreated: .*field is immutable/),
      'shop:configmap/new': 'create: data.a',
      '<cluster>:namespace/beside': 'create: metadata.labels["kubernetes.io/metadata.name"], spec.finalizers',
      'beside:configmap/in': 'create: data.a',
    },
  },
  2,
);

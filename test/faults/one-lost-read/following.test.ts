import type { Change, ObjectEvent } from '../../../src/change/index.ts';
import { configMap, manifest, namespace, widgetDefinition } from '../../cluster/world.ts';
import { losesNothing } from '../lost-request.ts';
import { SECOND, workload } from './workload.ts';

losesNothing(
  'following the health of what was applied',
  {
    async begin({ cluster, sync, time }) {
      const changes = await sync([namespace('shop'), configMap('a'), manifest(workload('web')), widgetDefinition()]);
      return async () => {
        const health = cluster.watchHealth(changes, () => undefined);
        await time.until('it is known', () => health.settled(), 60 * SECOND);
        const states = health.states().map(({ id, state }) => `${id} ${state}`);
        health.close();
        return states;
      };
    },
    outcome: [
      '<cluster>:namespace/shop current',
      'shop:configmap/a current',
      'shop:deployment/web current',
      '<cluster>:customresourcedefinition/widgets.example.com current',
    ],
  },
  5,
);

losesNothing(
  'Kubernetes Events',
  {
    async begin({ cluster, sync, person, time }) {
      const changes = await sync([namespace('shop'), configMap('a'), configMap('b')]);
      const tell = (note: string) =>
        cluster.recordEvents(
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

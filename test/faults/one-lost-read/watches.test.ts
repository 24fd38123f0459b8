import { expect, onTestFinished } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { metadataOf } from '../../../src/cluster/object/live.ts';
import { createReflector } from '../../../src/cluster/watch/reflector.ts';
import { CONFIG_MAPS, transportTo } from '../../cluster/transport-to.ts';
import { configMap, manifest, namespace } from '../../cluster/world.ts';
import { losesNothing, told } from '../lost-request.ts';
import { configMapPath } from '../manifests.ts';
import { MAPS, SECOND, workload } from './workload.ts';

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

import { onTestFinished } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { readOwnValues } from '../../src/cluster/object/own-values.ts';
import { variablesOf } from '../../src/controller/variables-of-flags.ts';
import { transportTo } from '../cluster/transport-to.ts';
import { losesNothing } from './lost-request.ts';
import type { World } from './world.ts';

const SOURCES = [
  { kind: 'ConfigMap', name: 'settings' },
  { kind: 'Secret', name: 'passwords' },
] as const;

/** Reads the values of variables, and again after one changed. */
async function live({ proxy, clock, time, person }: World): Promise<unknown> {
  const transport = await transportTo(proxy.kubeconfig, clock);
  onTestFinished(() => transport.close());
  const cluster = {
    ownValues: (object: (typeof SOURCES)[number]) => readOwnValues({ transport, namespace: async () => 'shop', ...object }, {}),
  };
  const variables = variablesOf({ sources: SOURCES, optional: false }, { cluster, log: silentLogger() });
  const first = await time.during(variables({}));
  await person.patch('api/v1/namespaces/shop/configmaps/settings', { data: { REGION: 'us' } });
  const second = await time.during(variables({}));
  return { first: first.values, second: second.values, isNew: first.version !== second.version };
}

const PASSWORD = { value: 'hunter2', isSecret: true };

losesNothing(
  'reading the values of variables',
  {
    async begin(world) {
      const { person } = world;
      await person.create('api/v1/namespaces/shop/configmaps', { metadata: { name: 'settings' }, data: { REGION: 'eu' } });
      await person.create('api/v1/namespaces/shop/secrets', {
        metadata: { name: 'passwords' },
        data: { PASSWORD: Buffer.from('hunter2').toString('base64'), BYTES: Buffer.from([0xff, 0xfe]).toString('base64') },
      });
      return () => live(world);
    },
    outcome: {
      first: { REGION: { value: 'eu', isSecret: false }, PASSWORD },
      second: { REGION: { value: 'us', isSecret: false }, PASSWORD },
      isNew: true,
    },
  },
  3,
);

import { configMap, manifest } from '../../cluster/world.ts';
import type { Recorded } from '../../e2e/harness/api-proxy.ts';
import { FEW_KINDS, type Flow, losesNothing, told } from '../lost-request.ts';
import { configMapPath } from '../manifests.ts';
import { SECOND, workload } from './workload.ts';

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
    log: ['watch failed; retrying', 'watch failed; retrying'],
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

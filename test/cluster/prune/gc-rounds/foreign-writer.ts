import type { ApiServer } from '../../api-server.ts';
import type { Random } from './random.ts';
import { markOf } from './referee.ts';
import { isWithin } from './repository.ts';

const MARK = 'fluxcd.io/sync-gc-mark';
const IGNORE = 'fluxcd.io/ignore';
const TEAM = '/api/v1/namespaces/team';

interface Place {
  readonly server: ApiServer;
  readonly random: Random;
  readonly syncSets: readonly string[];
  /** Of the object that somebody lays hands on. */
  readonly path: string;
}

const ACTS: readonly ((place: Place) => void)[] = [
  function stripMark({ server, path }) {
    server.edit(path, ({ metadata }) => {
      metadata.labels = { ...metadata.labels, [MARK]: undefined };
    });
  },
  function markAnew({ server, path }) {
    server.edit(path, ({ metadata }) => {
      metadata.labels = { ...metadata.labels, [MARK]: markOf('nobody', path) };
    });
  },
  function ignore({ server, path, random }) {
    server.edit(path, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [IGNORE]: random.pick(['true', 'sync_only']) };
    });
  },
  function ignoreNoMore({ server, path }) {
    server.edit(path, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [IGNORE]: undefined };
    });
  },
  function changeOwner({ server, path, random }) {
    server.edit(path, ({ metadata }) => {
      metadata.ownerReferences = random.chance(0.5) ? [] : [{ kind: 'Shop', name: 'shop', uid: 'shop' }];
    });
  },
  function createAnew({ server, path }) {
    if (isNamespace(path)) return;
    const { name, namespace, labels, annotations } = server.get(path).metadata;
    server.remove(path);
    server.put(path, { metadata: { name, namespace, labels, annotations } });
  },
  function remove({ server, path }) {
    if (!isNamespace(path)) server.remove(path);
  },
  function forge({ server, random, syncSets }) {
    const name = `forged-${random.below(5)}`;
    const labels = { [MARK]: markOf(random.pick(syncSets), `shop:configmap/${name}`) };
    server.put(`/api/v1/namespaces/shop/configmaps/${name}`, { metadata: { name, namespace: 'shop', labels } });
  },
  /** The next time it is gone, with all that is in it. */
  function terminateNamespace({ server }) {
    if (!server.get(TEAM)) return;
    if (server.get(TEAM).metadata.deletionTimestamp) finishTermination(server);
    else
      server.edit(TEAM, ({ metadata }) => {
        metadata.deletionTimestamp = '2030-01-01T00:00:00Z';
      });
  },
];

/** Somebody else with rights in the cluster, who does as they please with any object. */
export function meddle(server: ApiServer, random: Random, syncSets: readonly string[]): void {
  const path = random.pick(server.paths());
  random.pick(ACTS)({ server, random, syncSets, path });
}

export function finishTermination(server: ApiServer): void {
  if (!server.get(TEAM)?.metadata.deletionTimestamp) return;
  for (const path of server.paths()) if (path === TEAM || isWithin(path, TEAM)) server.remove(path);
}

function isNamespace(path: string): boolean {
  return /^\/api\/v1\/namespaces\/[^/]+$/.test(path);
}

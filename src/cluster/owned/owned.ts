import type { Cancellable, Clock } from '../../base/index.ts';
import type { OwnedInNamespace, OwnedObject, ResourceId } from '../../resource/index.ts';
import { listPages, type Pages } from '../connection/list.ts';
import type { Transport } from '../connection/transport.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { controllerOf, uidOf } from '../object/controller.ts';
import { conditionsOf, type Fields, fieldsOf, numberOf, textOf } from '../object/fields.ts';
import { JOB, REPLICA_SET } from '../pod/owners.ts';
import { POD, podStateOf } from '../pod/pod-state.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';

/** Many people who look at once cost the API server as much as one. */
const SHARED_MS = 2_000;

export interface OwnedDeps {
  readonly transport: Pick<Transport, 'request'>;
  readonly allowed: AllowedNamespaces;
  readonly clock: Pick<Clock, 'monotonic' | 'deadline'>;
  /** The uids of the workloads of a namespace that are in Git, as far as they are known. */
  readonly uidsIn: (namespace: string) => ReadonlyMap<ResourceId, string>;
}

export interface OwnedQuestion {
  readonly namespace: string;
  /** Whether Jobs are looked for, too. */
  readonly withJobs: boolean;
}

/** Deadline of all lists of a namespace, in milliseconds. */
const READ_MS = 5_000;

/**
 * Reads the ReplicaSets, Jobs and pods of a namespace that have a controller. Nothing is asked of the API server while no one looks.
 * Rejects with FluxError `cluster/forbidden`, `cluster/timeout` …; a namespace that is not allowed has nothing.
 */
export function createOwned({ transport, allowed, clock, uidsIn }: OwnedDeps) {
  const shared = new Map<string, { readonly until: number; readonly answer: Promise<OwnedInNamespace> }>();

  return (question: OwnedQuestion): Promise<OwnedInNamespace> => {
    const now = clock.monotonic();
    for (const [key, { until }] of shared) if (until <= now) shared.delete(key);
    const key = `${question.namespace} ${question.withJobs}`;
    const known = shared.get(key);
    if (known) return known.answer;
    const answer = read(question);
    shared.set(key, { until: now + SHARED_MS, answer });
    return answer;
  };

  async function read({ namespace, withJobs }: OwnedQuestion): Promise<OwnedInNamespace> {
    const kinds = [REPLICA_SET, POD, ...(withJobs ? [JOB] : [])].filter((kind) => allowed.allows(kind, namespace, ''));
    using deadline = clock.deadline(READ_MS);
    const lists = await Promise.all(kinds.map((kind) => listOwned(kind, namespace, deadline)));
    const objects = lists.flatMap(({ items }) => items);
    // Read after the objects, so that the owner of each is among them.
    return { objects, uids: uidsIn(namespace), isCut: lists.some(({ isCut }) => isCut) };
  }

  function listOwned(resource: ApiResource, namespace: string, { signal }: Cancellable): Promise<Pages<OwnedObject>> {
    return listPages(transport, { resource, namespace, keep: (object) => ownedOf(resource, object), signal });
  }
}

function ownedOf({ kind }: ApiResource, object: Fields): OwnedObject | undefined {
  const owner = controllerOf(object);
  if (!owner) return undefined;
  const own = { name: textOf(fieldsOf(object.metadata).name), uid: uidOf(object), owner };
  const status = fieldsOf(object.status);
  switch (kind) {
    case 'Pod':
      return { ...own, kind, pod: podStateOf(object) };
    case 'Job': {
      const failed = conditionsOf(object).some(({ type, status: is }) => type === 'Failed' && is === 'True');
      return { ...own, kind, active: numberOf(status.active), succeeded: numberOf(status.succeeded), failed };
    }
    default:
      return {
        ...own,
        kind: 'ReplicaSet',
        wanted: numberOf(fieldsOf(object.spec).replicas, 1),
        ready: numberOf(status.readyReplicas),
      };
  }
}

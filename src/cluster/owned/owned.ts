import type { Cancellable, Clock } from '../../base/index.ts';
import type { KindAndName, OwnedInNamespace, OwnedObject } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, builtIn, collectionPath } from '../discovery/api-resource.ts';
import { conditionsOf, type Fields, fieldsOf, numberOf, recordsOf, textOf } from '../object/fields.ts';
import { REPLICA_SET } from '../pod/newest-template.ts';
import { POD, podStateOf } from '../pod/pod-state.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';

const JOB = builtIn('Job', 'jobs', 'batch');

/** A page of pods is about a megabyte of JSON, which is parsed in one turn. */
const PAGE = 100;
const MAX_PAGES = 10;
/** Many people who look at once cost the API server as much as one. */
const SHARED_MS = 2_000;

export interface OwnedDeps {
  readonly transport: Pick<Transport, 'request'>;
  readonly allowed: AllowedNamespaces;
  readonly clock: Pick<Clock, 'monotonic' | 'deadline'>;
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
export function createOwned({ transport, allowed, clock }: OwnedDeps) {
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
    return { objects: lists.flatMap(({ objects }) => objects), isCut: lists.some(({ isCut }) => isCut) };
  }

  async function listOwned(resource: ApiResource, namespace: string, { signal }: Cancellable): Promise<OwnedInNamespace> {
    const objects: OwnedObject[] = [];
    let next = '';
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const { body } = await transport.request({
        path: collectionPath(resource, namespace),
        query: { limit: String(PAGE), ...(next === '' ? {} : { continue: next }) },
        attempts: 1,
        signal,
      });
      const { items, metadata } = fieldsOf(body);
      objects.push(...recordsOf(items).flatMap((item) => ownedOf(resource, item) ?? []));
      next = textOf(fieldsOf(metadata).continue);
      if (next === '') return { objects, isCut: false };
    }
    return { objects, isCut: true };
  }
}

function ownedOf({ kind }: ApiResource, object: Fields): OwnedObject | undefined {
  const owner = controllerOf(object);
  if (!owner) return undefined;
  const own = { name: textOf(fieldsOf(object.metadata).name), owner };
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

/** An object has one controller at most (Kubernetes, OwnerReference). */
function controllerOf({ metadata }: Fields): KindAndName | undefined {
  const owner = recordsOf(fieldsOf(metadata).ownerReferences).find(({ controller }) => controller === true);
  return owner && { kind: textOf(owner.kind), name: textOf(owner.name) };
}

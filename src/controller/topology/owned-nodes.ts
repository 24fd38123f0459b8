import { countBy } from '../../change/index.ts';
import type { KindAndName, OwnedInNamespace, OwnedObject, ResourceId } from '../../resource/index.ts';
import type { Entry } from './entries.ts';
import type { Counts, OwnedNode } from './node.ts';
import { containersOfPod, podVerdict, type Verdict } from './pod-status.ts';

/** What the cluster has made of one object. */
export interface Owned {
  readonly nodes: readonly OwnedNode[];
  readonly pods: Counts;
}

/** Owners above a node that are followed; those of Kubernetes have one. */
const MAX_ABOVE = 5;
/** Of a CronJob: the last ones. */
const MAX_JOBS = 3;

/** Finds what belongs to each object of a namespace, through its controllers. */
export class OwnedTree {
  readonly #namespace: string;
  readonly #uids: OwnedInNamespace['uids'];
  readonly #byUid: ReadonlyMap<string, readonly OwnedObject[]>;
  readonly #byName: ReadonlyMap<string, readonly OwnedObject[]>;

  constructor(namespace: string, { objects, uids }: OwnedInNamespace) {
    this.#namespace = namespace;
    this.#uids = uids;
    this.#byUid = Map.groupBy(objects, ({ owner }) => owner.uid);
    this.#byName = Map.groupBy(objects, ({ owner }) => keyOf(owner));
  }

  /** Undefined for an object that owns nothing. */
  of({ key, kind, id = '' }: Entry): Owned | undefined {
    const nodes = this.#nodesOf(key, this.#ownedBy(id, kind), [this.#uids.get(id) ?? '']);
    if (nodes.length === 0) return undefined;
    const pods = nodes.filter(({ kind }) => kind === 'Pod');
    return { nodes, pods: countBy(pods, ({ status }) => status) };
  }

  /** By its uid, or by its name where that is not known: its kind is not watched, or it has just been created. */
  #ownedBy(id: ResourceId, kind: string): readonly OwnedObject[] {
    const uid = this.#uids.get(id);
    const owned =
      uid === undefined ? this.#byName.get(keyOf({ kind, name: id.slice(id.indexOf('/') + 1) })) : this.#byUid.get(uid);
    return owned ?? [];
  }

  /** What is above itself is left out: who may write owners may make a circle of them. */
  #nodesOf(parent: string, all: readonly OwnedObject[], above: readonly string[]): readonly OwnedNode[] {
    const owned = all.filter(({ uid }) => !above.includes(uid));
    const jobs = new Set(lastJobs(owned));
    return owned.flatMap((object) => {
      if (object.kind === 'Job' && !jobs.has(object)) return [];
      const node = this.#nodeOf(parent, object);
      const isLast = object.kind === 'Pod' || above.length > MAX_ABOVE;
      const below = isLast ? [] : this.#nodesOf(node.key, this.#byUid.get(object.uid) ?? [], [...above, object.uid]);
      // Earlier templates of a Deployment remain as ReplicaSets of no pods.
      if (object.kind === 'ReplicaSet' && object.wanted === 0 && below.length === 0) return [];
      return [node, ...below];
    });
  }

  #nodeOf(parent: string, object: OwnedObject): OwnedNode {
    const { kind, name, uid } = object;
    return {
      type: 'owned',
      key: `owned ${this.#namespace} ${kind} ${name} ${uid}`,
      parent,
      kind,
      namespace: this.#namespace,
      name,
      ...verdictOf(object),
      ...(kind === 'Pod' ? { containers: containersOfPod(object.pod) } : {}),
    };
  }
}

/** Their names end with the time for which they were scheduled. */
function lastJobs(owned: readonly OwnedObject[]): readonly OwnedObject[] {
  const jobs = owned.filter(({ kind }) => kind === 'Job');
  return jobs.toSorted((a, b) => (a.name < b.name ? 1 : -1)).slice(0, MAX_JOBS);
}

function verdictOf(object: OwnedObject): Verdict {
  switch (object.kind) {
    case 'Pod':
      return podVerdict(object.pod);
    case 'Job':
      if (object.failed) return { status: 'failed', text: 'has failed' };
      if (object.active > 0) return { status: 'waiting', text: 'is running' };
      return object.succeeded > 0 ? { status: 'ok', text: 'has completed' } : { status: 'waiting', text: 'not started' };
    case 'ReplicaSet':
      if (object.wanted === 0) return { status: 'waiting', text: 'is scaled down' };
      if (object.ready >= object.wanted) return { status: 'ok', text: `${object.ready} ready` };
      return { status: 'waiting', text: `${object.ready} of ${object.wanted} ready` };
  }
}

function keyOf({ kind, name }: KindAndName): string {
  return `${kind.toLowerCase()}/${name}`;
}

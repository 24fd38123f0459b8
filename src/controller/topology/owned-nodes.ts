import { countBy } from '../../change/index.ts';
import type { KindAndName, OwnedInNamespace, OwnedObject } from '../../resource/index.ts';
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
  readonly #byOwner: ReadonlyMap<string, readonly OwnedObject[]>;

  constructor(namespace: string, { objects }: OwnedInNamespace) {
    this.#namespace = namespace;
    this.#byOwner = Map.groupBy(objects, ({ owner }) => keyOf(owner));
  }

  /** Undefined for an object that owns nothing. */
  of({ key, kind, id = '' }: Entry): Owned | undefined {
    const nodes = this.#below(key, { kind, name: id.slice(id.indexOf('/') + 1) });
    if (nodes.length === 0) return undefined;
    const pods = nodes.filter(({ kind }) => kind === 'Pod');
    return { nodes, pods: countBy(pods, ({ status }) => status) };
  }

  /** What has the name of something above it is left out: by names alone, owners may go in a circle. */
  #below(parent: string, owner: KindAndName, above: readonly string[] = []): readonly OwnedNode[] {
    const path = [...above, keyOf(owner)];
    const owned = (this.#byOwner.get(keyOf(owner)) ?? []).filter((object) => !path.includes(keyOf(object)));
    const jobs = new Set(lastJobs(owned));
    return owned.flatMap((object) => {
      if (object.kind === 'Job' && !jobs.has(object)) return [];
      const node = this.#nodeOf(parent, object);
      const below = object.kind === 'Pod' || path.length > MAX_ABOVE ? [] : this.#below(node.key, object, path);
      // Earlier templates of a Deployment remain as ReplicaSets of no pods.
      if (object.kind === 'ReplicaSet' && object.wanted === 0 && below.length === 0) return [];
      return [node, ...below];
    });
  }

  #nodeOf(parent: string, object: OwnedObject): OwnedNode {
    const { kind, name } = object;
    return {
      type: 'owned',
      key: `owned ${this.#namespace} ${kind} ${name}`,
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

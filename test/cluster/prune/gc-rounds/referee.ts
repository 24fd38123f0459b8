import { createHash } from 'node:crypto';
import type { ApiServer, Seen } from '../../api-server.ts';
import { isWithin } from './repository.ts';

const MARK = 'fluxcd.io/sync-gc-mark';

/** Flux v1's formula, written down a second time. */
export function markOf(syncSet: string, id: string): string {
  return `sha256.${createHash('sha256')
    .update(syncSet + id)
    .digest('base64url')}`;
}

/** What the referee has to know of a source; kept by the rounds, not by the code under test. */
export interface Known {
  readonly syncSet: string;
  /** Sources of one process know of each other; another process is known only by the marks that it leaves on objects. */
  readonly process: number;
  /** All that the revision in use holds, what could not be read of it included. */
  truth: ReadonlySet<string>;
  /** Whether its process reads its revision before another source deletes. */
  readonly isAsked: boolean;
  /** What this source is known to want by the others: its last revision that was read in full, and what was read of it since. */
  read: ReadonlySet<string>;
  /** When an object that it wants was last seen with its mark, ms since the epoch: all that another process can know of that. */
  readonly claims: Map<string, number>;
}

/** For so long another process leaves an object alone after it has carried this one's mark. */
const CLAIMED_MS = 3_600_000;

/** What is said of the round in which a delete arrives. */
export interface Round {
  readonly source: Known;
  /** Not all of the revision could be read, or one object stands there twice. */
  readonly doubtful: boolean;
  /** Objects in the cluster with this source's mark, when the round began. */
  readonly ours: number;
  /** Lines `id uid` of deletions, or their number, that a person has confirmed. */
  readonly approved: ReadonlySet<string>;
  readonly allowPrune: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly deleted: string[];
}

const PRECIOUS = /^(namespace|customresourcedefinition|persistentvolume|persistentvolumeclaim|statefulset)$/;

/** Looks at every delete that is about to happen, and knows of no guard: only of what may not be lost. */
export class Referee {
  readonly violations: string[] = [];
  deletes = 0;
  round: Round | undefined;
  readonly #server: ApiServer;
  readonly #sources: readonly Known[];
  /** By uid: who applied the object. */
  readonly #applied = new Map<string, Set<string>>();

  constructor(server: ApiServer, sources: readonly Known[]) {
    this.#server = server;
    this.#sources = sources;
  }

  /** To be told of every object that this source's process has applied. */
  noteApplied(paths: Iterable<string>, { syncSet }: Known): void {
    for (const path of paths) {
      const metadata = this.#server.get(path)?.metadata;
      if (!metadata || !isApplied(metadata)) continue;
      const by = this.#applied.get(metadata.uid) ?? new Set();
      this.#applied.set(metadata.uid, by.add(syncSet));
    }
  }

  /** To be told of the end of each round. */
  noteClaims(now: number): void {
    for (const source of this.#sources) {
      for (const path of source.claims.keys()) if (!source.read.has(path)) source.claims.delete(path);
      for (const path of source.read) if (this.#carriesMark(path, source)) source.claims.set(path, now);
    }
  }

  #carriesMark(path: string, { syncSet }: Known): boolean {
    const object = this.#server.get(path);
    return object?.metadata.labels?.[MARK] === markOf(syncSet, object ? idOf(path, object) : '');
  }

  /** Called when a DELETE is going to be carried out; takes along what goes with it. */
  judge({ path, body }: Seen): void {
    const object = this.#server.get(path);
    const { preconditions } = JSON.parse(body) as { preconditions: { uid?: string; resourceVersion?: string } };
    if (!object || !this.round) return;
    if (preconditions.uid !== object.metadata.uid || preconditions.resourceVersion !== object.metadata.resourceVersion) return;
    this.deletes += 1;
    const { source, doubtful, approved, allowPrune, ours, now, deleted } = this.round;
    const id = idOf(path, object);
    const foul = (why: string) => this.violations.push(`${id}: ${why}`);
    const { labels = {}, annotations = {}, ownerReferences = [], uid } = object.metadata;
    deleted.push(`${id} ${object.metadata.uid}`);

    const going = [path, ...this.#server.paths().filter((each) => isWithin(each, path))];
    const others = this.#sources.filter((each) => each !== source);
    for (const each of going) {
      if (source.truth.has(each)) foul(`${each} is in Git`);
      for (const other of others) {
        const known = other.process === source.process || (each === path && now < (other.claims.get(path) ?? 0) + CLAIMED_MS);
        const wanted = other.isAsked ? other.truth : other.read;
        if (known && wanted.has(each)) foul(`${each} is in the Git of the other source`);
      }
    }
    if (doubtful) foul('not all of the revision was read');
    if (labels[MARK] !== markOf(source.syncSet, id)) foul('the mark is not that of this source');
    if (!this.#applied.get(uid)?.has(source.syncSet)) foul('this source never applied it');
    if (ownerReferences.length > 0) foul('it has an owner');
    if (/^(true|sync_only)$/.test(annotations['fluxcd.io/ignore'] ?? '')) foul('it is to be ignored');
    const kind = id.split(':')[1]?.split('/')[0] ?? '';
    const much = deleted.length >= ours || (deleted.length > 10 && deleted.length > ours / 5) || PRECIOUS.test(kind);
    const confirmed = allowPrune >= deleted.length || deleted.every((line) => approved.has(line));
    if (much && !confirmed) foul(`nobody confirmed ${deleted.length} of ${ours} deletions`);

    for (const each of going.slice(1)) this.#server.remove(each);
    if (path.includes('/customresourcedefinitions/'))
      this.#server.kinds = this.#server.kinds.filter((each) => each.kind !== 'Widget');
  }

  /** Objects that should be gone by now: ours, in no repository, and nothing speaks for them. */
  leftOver(): string[] {
    const wanted = new Set(this.#sources.flatMap(({ truth }) => [...truth]));
    return this.#server.paths().filter((path) => {
      const object = this.#server.get(path);
      const { labels = {}, annotations = {}, ownerReferences = [], uid } = object.metadata;
      const id = idOf(path, object);
      const owner = this.#sources.find(({ syncSet }) => labels[MARK] === markOf(syncSet, id));
      return (
        owner !== undefined &&
        !wanted.has(path) &&
        ![...wanted].some((each) => isWithin(each, path)) &&
        isApplied(object.metadata) &&
        this.#applied.get(uid)?.has(owner.syncSet) &&
        ownerReferences.length === 0 &&
        annotations['fluxcd.io/ignore'] === undefined
      );
    });
  }

  /** Objects of the repositories that are not in the cluster. */
  missing(): string[] {
    return this.#sources.flatMap(({ truth }) => [...truth].filter((path) => !this.#server.get(path)));
  }

  countOurs(source: Known): number {
    return this.#server.paths().filter((path) => this.#carriesMark(path, source)).length;
  }
}

function isApplied({ managedFields = [] }: { managedFields?: { manager: string; operation: string }[] }): boolean {
  return managedFields.some(({ manager, operation }) => manager === 'flux' && operation === 'Apply');
}

const KINDS: Readonly<Record<string, string>> = {
  configmaps: 'configmap',
  secrets: 'secret',
  deployments: 'deployment',
  statefulsets: 'statefulset',
  widgets: 'widget',
  namespaces: 'namespace',
  customresourcedefinitions: 'customresourcedefinition',
};

function idOf(path: string, { metadata }: { metadata: { name: string; namespace?: string } }): string {
  const plural = path.split('/').at(-2) ?? '';
  return `${metadata.namespace ?? '<cluster>'}:${KINDS[plural]}/${metadata.name}`;
}

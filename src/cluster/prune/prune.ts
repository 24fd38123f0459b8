import { counted, FluxError, firstOf, rfc3339 } from '../../base/index.ts';
import type { PruneVerdict } from '../../change/index.ts';
import { ignorePolicy, type ResourceId } from '../../resource/index.ts';
import { gcMark, MARK_LABEL, ownsMark } from '../object/ownership.ts';
import type { SentDelete, SyncSet } from '../plan/sync-set.ts';
import { type DeletionBudget, overBudget } from './deletion-budget.ts';
import type { DeletionCandidate } from './precious.ts';
import { isOurs, type Self } from './self.ts';
import { goesWith, type Wanted } from './wanted.ts';

/** A live object with a mark that is not in Git. */
export interface Candidate extends DeletionCandidate {
  /** Its uid when this process applied it, if it did. */
  readonly appliedUid?: string;
}

/** The owner whose garbage is collected, and facts about individual objects. */
export interface Owner {
  readonly syncSet: string;
  readonly manager: string;
  /** Our identity in the cluster; undefined outside it. */
  readonly self: Self | undefined;
  /** The objects in the repository, as far as readable; unreadable parts make the whole round doubtful. */
  readonly wanted: Wanted;
  /** The wanted objects of every other source of this daemon. */
  readonly others: readonly Wanted[];
  /** An example of owned wanted objects, by the uid of the owner. */
  readonly owned: ReadonlyMap<string, ResourceId>;
  /** When an object last had another owner's mark, by the monotonic clock. */
  readonly contested: ReadonlyMap<ResourceId, number>;
  /** The same for objects that were not in Git then. */
  readonly foreign: ReadonlyMap<ResourceId, number>;
  /** The last delete request of an object, by uid. */
  readonly deletes: ReadonlyMap<string, SentDelete>;
  /** Time by the monotonic clock. */
  readonly now: number;
  /** Converts a time of that clock to wall-clock time, for display. */
  readonly timeOf: (moment: number) => number;
}

/** Facts about a round of garbage collection. */
export interface Round extends DeletionBudget {
  readonly mode: 'dry' | 'on';
  /** Number of refused files, documents and objects of the repository. */
  readonly desiredErrors: number;
  /** Number of objects that cannot be located in the cluster, or are duplicates. */
  readonly failedEntries: number;
  /** API versions that could not be discovered. */
  readonly missingApis: readonly string[];
  /** API versions with kinds that the last discovery lacks, and whose removal is not confirmed yet. */
  readonly vanishedApis: readonly string[];
  /** Kinds that could not be listed. */
  readonly failedLists: readonly string[];
  /** Why other sources of this daemon could not be read. */
  readonly unreadSources: readonly string[];
}

export interface Judged {
  readonly candidate: Candidate;
  readonly verdict: PruneVerdict;
  /** Whether it needs approval, even if something else holds it at the moment. */
  readonly isAsked?: true;
}

/** Kinds that controllers write, or that are views of other objects. */
const NEVER_PRUNED = new Set(['ComponentStatus', 'ControllerRevision', 'EndpointSlice', 'Endpoints', 'Event']);
/** Minimum interval of delete requests for an object, whether rejected or waiting for finalizers. */
const DELETE_AGAIN_MS = 60_000;
/** Another Flux that wants an object marks it again in its next sync; after this time without, it does not want it. */
const CONTESTED_MS = 3_600_000;

export function isNeverPruned(kind: string): boolean {
  return NEVER_PRUNED.has(kind);
}

/** True if the object has its own mark in this sync set. A copied label, or one of another set, does not match. */
export function isMarkedOurs({ id, live }: Pick<Candidate, 'id' | 'live'>, { syncSet }: Pick<Owner, 'syncSet'>): boolean {
  return live.labels?.[MARK_LABEL] === gcMark(syncSet, id);
}

type ObjectGuard = (candidate: Candidate, owner: Owner) => PruneVerdict | undefined;

/** Reasons not to delete an object, in order of precedence. Each has a test case that only it holds. */
export const OBJECT_GUARDS: readonly ObjectGuard[] = [
  ({ live }) => {
    const policy = ignorePolicy(live.annotations);
    return policy === 'true' || policy === 'sync_only'
      ? { action: 'skip', reason: `fluxcd.io/ignore: ${policy} in the cluster` }
      : undefined;
  },
  ({ live }) =>
    (live.ownerReferences?.length ?? 0) > 0
      ? { action: 'skip', reason: 'it belongs to another object (ownerReferences)' }
      : undefined,
  ({ live }) =>
    live.deletionTimestamp === undefined
      ? undefined
      : { action: 'held', reason: `it is being deleted since ${live.deletionTimestamp} and waits for its finalizers` },
  ({ live }) =>
    live.uid && live.resourceVersion ? undefined : { action: 'held', reason: 'the API server returns no uid for it' },
  ({ live, appliedUid }) =>
    appliedUid === undefined || appliedUid === live.uid
      ? undefined
      : { action: 'held', reason: 'it was recreated by another client' },
  ({ live }, { manager }) =>
    ownsMark(live, manager)
      ? undefined
      : {
          action: 'held',
          reason: `it carries the mark, but was not applied by ${manager}: objects of Flux v1 are adopted only while they are in Git; delete it by hand`,
        },
  (candidate, { self }) =>
    self && isOurs(candidate, self)
      ? { action: 'held', reason: 'this Flux itself needs it; delete it by hand if it should be removed' }
      : undefined,
  ({ id }, { others }) =>
    others.some(({ ids }) => ids.has(id)) ? { action: 'held', reason: 'another source of this Flux wants it' } : undefined,
  (candidate, owner) => {
    const never = Number.NEGATIVE_INFINITY;
    const inGit = owner.contested.get(candidate.id) ?? never;
    // A requested deletion of an object with another mark is intended.
    const outOfGit = isMarkedOurs(candidate, owner) ? (owner.foreign.get(candidate.id) ?? never) : never;
    const seen = Math.max(inGit, outOfGit);
    return owner.now < seen + CONTESTED_MS
      ? {
          action: 'held',
          reason: `another Flux, or another repository, had marked it too, at ${shown(seen, owner)}; it is deleted an hour after that`,
        }
      : undefined;
  },
  (candidate, { wanted, others, owned }) => {
    const [other] = [wanted, ...others].flatMap((each) => goesWith(candidate, each, owned) ?? []);
    return other === undefined ? undefined : { action: 'held', reason: `${other} is in Git and would be deleted with it` };
  },
  ({ live }, owner) => {
    const last = owner.deletes.get(live.uid);
    if (!last || owner.now >= last.at + DELETE_AGAIN_MS) return undefined;
    const outcome = last.error ? `failed: ${last.error.message}` : 'is in progress';
    const again = shown(last.at + DELETE_AGAIN_MS, owner);
    return { action: 'held', reason: `its deletion ${outcome}; not repeated before ${again}` };
  },
];

/** In whole seconds, so that a reason is stable across syncs. */
function shown(moment: number, { timeOf }: Owner): string {
  return rfc3339(Math.round(timeOf(moment) / 1000) * 1000);
}

/** Drops outdated entries. */
export function forgetOld(
  { deletes, contested, foreign }: Pick<SyncSet, 'deletes' | 'contested' | 'foreign'>,
  now: number,
): void {
  for (const [uid, { at }] of deletes) if (now >= at + DELETE_AGAIN_MS) deletes.delete(uid);
  for (const seen of [contested, foreign]) for (const [id, at] of seen) if (now >= at + CONTESTED_MS) seen.delete(id);
}

type RoundGuard = (round: Round) => string | undefined;

/** Reasons not to delete anything in this round. Each has a test case that only it holds. */
export const ROUND_GUARDS: readonly RoundGuard[] = [
  ({ desiredErrors }) =>
    desiredErrors > 0 ? `${counted(desiredErrors, 'part')} of the repository could not be read` : undefined,
  ({ failedEntries }) =>
    failedEntries > 0 ? `${counted(failedEntries, 'object')} of the repository cannot be applied` : undefined,
  ({ vanishedApis }) =>
    vanishedApis.length > 0
      ? `kinds of ${vanishedApis.join(', ')} are missing from the API server's discovery, which needs confirmation at least 10 s later`
      : undefined,
  ({ missingApis }) => (missingApis.length > 0 ? `API discovery is incomplete: ${missingApis.join(', ')}` : undefined),
  ({ failedLists }) => (failedLists.length > 0 ? `not all objects could be listed: ${failedLists.join(', ')}` : undefined),
  ({ unreadSources: [first] }) =>
    first === undefined ? undefined : `another source of this Flux may want it, and is unknown: ${first}`,
  ({ mode }) => (mode === 'dry' ? 'dry run' : undefined),
];

/**
 * Decides which objects to delete. Never deletes when in doubt: uncertainty about the round holds all deletions, uncertainty about an
 * object holds that one, and unusually large deletions wait for approval. Candidates without our mark are omitted.
 */
export function judgePrunes(candidates: readonly Candidate[], owner: Owner, round: Round): readonly Judged[] {
  const judged = candidates
    .filter((candidate) => !isNeverPruned(candidate.resource.kind) && isMarkedOurs(candidate, owner))
    .map((candidate) => ({ candidate, verdict: verdictOn(candidate, owner) }));
  const deletions = judged.filter(({ verdict }) => verdict === undefined).map(({ candidate }) => candidate);
  // Checked in doubtful rounds as well: objects that join the set meanwhile must not make the deletion look small.
  const tooMuch = overBudget(deletions, round);
  const all: PruneVerdict = doubtOf(round) ?? tooMuch ?? { action: 'prune', reason: 'no longer in Git' };
  return judged.map(({ candidate, verdict }) =>
    verdict ? { candidate, verdict } : { candidate, verdict: all, ...(tooMuch ? { isAsked: true } : {}) },
  );
}

/**
 * Decides about orphans whose deletion was requested individually: the user is responsible for ownership and number; all other guards
 * apply.
 */
export function judgeNamed(candidates: readonly Candidate[], owner: Owner, round: Round): readonly Judged[] {
  const all: PruneVerdict = doubtOf(round) ?? { action: 'prune', reason: 'not in Git, and its deletion was requested' };
  return candidates
    .filter(({ resource }) => !isNeverPruned(resource.kind))
    .map((candidate) => ({ candidate, verdict: verdictOn(candidate, owner) ?? all }));
}

function verdictOn(candidate: Candidate, owner: Owner): PruneVerdict | undefined {
  return firstOf(OBJECT_GUARDS, (guard) => guard(candidate, owner));
}

/** True if all kinds and objects were listed. */
export function isWhole({
  missingApis,
  vanishedApis,
  failedLists,
}: Pick<Round, 'missingApis' | 'vanishedApis' | 'failedLists'>): boolean {
  return missingApis.length === 0 && vanishedApis.length === 0 && failedLists.length === 0;
}

/** Why this round deletes nothing. */
function doubtOf(round: Round): PruneVerdict | undefined {
  const doubt = firstOf(ROUND_GUARDS, (guard) => guard(round));
  if (doubt === undefined) return undefined;
  const isUnseen = !isWhole(round);
  return { action: 'held', reason: doubt, ...(isUnseen ? { error: new FluxError(doubt, { code: 'cluster/unseen' }) } : {}) };
}

import { FluxError, rfc3339 } from '../../base/index.ts';
import type { Deletion, PruneVerdict } from '../../change/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { LiveObject } from '../object/live.ts';
import { gcMark, ignorePolicy, MARK_LABEL, ownsMark } from '../object/ownership.ts';
import type { SentDelete, SyncSet } from '../plan/sync-set.ts';
import { coversAll, hashDeletions } from './deletion-list.ts';
import { whyPrecious } from './precious.ts';
import { isOurs, type Self } from './self.ts';
import { goesWith, type Wanted } from './wanted.ts';

/** A live object that carries a mark and is not in Git. */
export interface Candidate {
  readonly id: ResourceId;
  readonly resource: ApiResource;
  readonly live: LiveObject;
  /** The uid under which we applied it, if we did since we started. */
  readonly appliedUid?: string;
}

/** Whose garbage is collected, and what else is known about objects one by one. */
export interface Owner {
  readonly syncSet: string;
  readonly manager: string;
  /** Who we are in the cluster; undefined outside of it. */
  readonly self: Self | undefined;
  /** What the repository wants, as far as it could be read: what could not be is a doubt about the whole round. */
  readonly wanted: Wanted;
  /** What every other source of this daemon wants. */
  readonly others: readonly Wanted[];
  /** By the uid of an owner, one of the wanted objects that it owns. */
  readonly owned: ReadonlyMap<string, ResourceId>;
  /** When an object was last seen to carry another owner's mark, by the monotonic clock. */
  readonly contested: ReadonlyMap<ResourceId, number>;
  /** The same of objects that were not in Git then. */
  readonly foreign: ReadonlyMap<ResourceId, number>;
  /** The last delete of an object, by uid. */
  readonly deletes: ReadonlyMap<string, SentDelete>;
  /** By the monotonic clock. */
  readonly now: number;
  /** As the time of day, for people, of a moment of that clock. */
  readonly timeOf: (moment: number) => number;
}

/** What is known of the round in which something might be deleted. */
export interface Round {
  readonly mode: 'dry' | 'on';
  /** Files, documents and objects of the repository that were refused. */
  readonly desiredErrors: number;
  /** Objects that have no place in the cluster, or stand there twice. */
  readonly failedEntries: number;
  /** API versions that could not be looked at. */
  readonly missingApis: readonly string[];
  /** API versions with kinds that the last answer lacks; whether they are gone is not known yet. */
  readonly vanishedApis: readonly string[];
  /** Kinds whose list could not be had. */
  readonly failedLists: readonly string[];
  /** Objects in the cluster that are ours, and were before this revision, and that Git still wants. */
  readonly staying: number;
  /** Without a confirmation no more than these are deleted; undefined for any number. */
  readonly limit: number | undefined;
  /** By the uid of a custom resource, what of a claim or StatefulSet it owns, as `owns shop:persistentvolumeclaim/data`. */
  readonly ownersOfData: ReadonlyMap<string, string>;
  /** How many deletions a person has confirmed. */
  readonly allowPrune: number;
  /** The very deletions that a person has confirmed. */
  readonly approved: readonly Deletion[];
  /** True of a deletion that a person was asked to confirm before, and has not. */
  readonly wasAsked: (live: LiveObject) => boolean;
}

export interface Judged {
  readonly candidate: Candidate;
  readonly verdict: PruneVerdict;
  /** A person has to confirm it, whatever else holds it at the moment. */
  readonly isAsked?: true;
}

/** Kinds that controllers write by themselves, or that are views of something else. */
const NEVER_PRUNED = new Set(['ComponentStatus', 'ControllerRevision', 'EndpointSlice', 'Endpoints', 'Event']);
const FREE_DELETIONS = 10;
const FREE_SHARE = 0.2;
/** A delete is not repeated sooner, be it refused or waiting for finalizers. */
const DELETE_AGAIN_MS = 60_000;
/** Another Flux that wants an object marks it anew at its next sync; one that has not for so long does not want it. */
const CONTESTED_MS = 3_600_000;

export function isNeverPruned(kind: string): boolean {
  return NEVER_PRUNED.has(kind);
}

/** True when the object carries the mark of its own name in this sync set. A copied label or another set's does not match. */
export function isMarkedOurs({ id, live }: Pick<Candidate, 'id' | 'live'>, { syncSet }: Pick<Owner, 'syncSet'>): boolean {
  return live.labels?.[MARK_LABEL] === gcMark(syncSet, id);
}

type ObjectGuard = (candidate: Candidate, owner: Owner) => PruneVerdict | undefined;

/** Reasons not to delete one object, in the order in which they are shown. Each has a case in the tests that it alone holds. */
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
    live.uid && live.resourceVersion ? undefined : { action: 'held', reason: 'the API server states no uid for it' },
  ({ live, appliedUid }) =>
    appliedUid === undefined || appliedUid === live.uid ? undefined : { action: 'held', reason: 'somebody else created it anew' },
  ({ live }, { manager }) =>
    ownsMark(live, manager)
      ? undefined
      : {
          action: 'held',
          reason: `it carries the mark, but was not applied by ${manager}: objects of Flux v1 are adopted only while they are in Git; delete it by hand`,
        },
  (candidate, { self }) =>
    self && isOurs(candidate, self)
      ? { action: 'held', reason: 'this Flux itself lives by it; delete it by hand if it is to go' }
      : undefined,
  ({ id }, { others }) =>
    others.some(({ ids }) => ids.has(id)) ? { action: 'held', reason: 'another source of this Flux wants it' } : undefined,
  (candidate, owner) => {
    const never = Number.NEGATIVE_INFINITY;
    const inGit = owner.contested.get(candidate.id) ?? never;
    // A person who names an object of another mark to be deleted knows of it.
    const outOfGit = isMarkedOurs(candidate, owner) ? (owner.foreign.get(candidate.id) ?? never) : never;
    const seen = Math.max(inGit, outOfGit);
    return owner.now < seen + CONTESTED_MS
      ? {
          action: 'held',
          reason: `another Flux, or another repository, had marked it too, at ${shown(seen, owner)}; deleted when that is an hour ago`,
        }
      : undefined;
  },
  (candidate, { wanted, others, owned }) => {
    const [other] = [wanted, ...others].flatMap((each) => goesWith(candidate, each, owned) ?? []);
    return other === undefined ? undefined : { action: 'held', reason: `${other} is in Git and would go with it` };
  },
  ({ live }, owner) => {
    const last = owner.deletes.get(live.uid ?? '');
    if (!last || owner.now >= last.at + DELETE_AGAIN_MS) return undefined;
    const outcome = last.error ? `failed: ${last.error.message}` : 'is under way';
    const again = shown(last.at + DELETE_AGAIN_MS, owner);
    return { action: 'held', reason: `its deletion ${outcome}; not asked for again before ${again}` };
  },
];

/** To the second, so that a reason stays the same from sync to sync. */
function shown(moment: number, { timeOf }: Owner): string {
  return rfc3339(Math.round(timeOf(moment) / 1000) * 1000);
}

/** Drops what is so long ago that it says nothing any more. */
export function forgetOld(
  { deletes, contested, foreign }: Pick<SyncSet, 'deletes' | 'contested' | 'foreign'>,
  now: number,
): void {
  for (const [uid, { at }] of deletes) if (now >= at + DELETE_AGAIN_MS) deletes.delete(uid);
  for (const seen of [contested, foreign]) for (const [id, at] of seen) if (now >= at + CONTESTED_MS) seen.delete(id);
}

type RoundGuard = (round: Round) => string | undefined;

/** Reasons not to delete anything in this round. Each has a case in the tests that it alone holds. */
export const ROUND_GUARDS: readonly RoundGuard[] = [
  ({ desiredErrors }) => (desiredErrors > 0 ? `${count(desiredErrors, 'part')} of the repository could not be read` : undefined),
  ({ failedEntries }) =>
    failedEntries > 0 ? `${count(failedEntries, 'object')} of the repository cannot be applied` : undefined,
  ({ vanishedApis }) =>
    vanishedApis.length > 0
      ? `kinds of ${vanishedApis.join(', ')} are missing from the API server's answer, which is believed when a second one at least 10 s later says the same`
      : undefined,
  ({ missingApis }) => (missingApis.length > 0 ? `not all of the API could be looked at: ${missingApis.join(', ')}` : undefined),
  ({ failedLists }) => (failedLists.length > 0 ? `not all objects could be listed: ${failedLists.join(', ')}` : undefined),
  ({ mode }) => (mode === 'dry' ? 'dry run' : undefined),
];

/**
 * Decides which objects are deleted. Never on doubt: anything uncertain about the round holds all of them, anything uncertain
 * about an object holds that one, and a deletion too large to be likely waits for a person.
 * Candidates that do not carry our mark are left out of the answer.
 */
export function judgePrunes(candidates: readonly Candidate[], owner: Owner, round: Round): readonly Judged[] {
  const judged = candidates
    .filter((candidate) => !isNeverPruned(candidate.resource.kind) && isMarkedOurs(candidate, owner))
    .map((candidate) => ({ candidate, verdict: verdictOn(candidate, owner) }));
  const deletions = judged.filter(({ verdict }) => verdict === undefined).map(({ candidate }) => candidate);
  // Asked while in doubt too: what joins the set until the doubt is gone must not make the deletion look small.
  const tooMuch = overBudget(deletions, round);
  const all: PruneVerdict = doubtOf(round) ?? tooMuch ?? { action: 'prune', reason: 'no longer in Git' };
  return judged.map(({ candidate, verdict }) =>
    verdict ? { candidate, verdict } : { candidate, verdict: all, ...(tooMuch ? { isAsked: true } : {}) },
  );
}

/**
 * Decides about objects that do not carry our mark, and that a person named one by one to be deleted: whose they are is the person's
 * word, and so is how many; everything else holds them as it would hold ours.
 */
export function judgeNamed(candidates: readonly Candidate[], owner: Owner, round: Round): readonly Judged[] {
  const all: PruneVerdict = doubtOf(round) ?? { action: 'prune', reason: 'not in Git, and named by a person to be deleted' };
  return candidates
    .filter(({ resource }) => !isNeverPruned(resource.kind))
    .map((candidate) => ({ candidate, verdict: verdictOn(candidate, owner) ?? all }));
}

function verdictOn(candidate: Candidate, owner: Owner): PruneVerdict | undefined {
  return firstOf(OBJECT_GUARDS, (guard) => guard(candidate, owner));
}

/** True when everything there is was seen. */
export function isWhole({
  missingApis,
  vanishedApis,
  failedLists,
}: Pick<Round, 'missingApis' | 'vanishedApis' | 'failedLists'>): boolean {
  return missingApis.length === 0 && vanishedApis.length === 0 && failedLists.length === 0;
}

/** Why nothing at all is deleted in this round. */
function doubtOf(round: Round): PruneVerdict | undefined {
  const doubt = firstOf(ROUND_GUARDS, (guard) => guard(round));
  if (doubt === undefined) return undefined;
  const isUnseen = !isWhole(round);
  return { action: 'held', reason: doubt, ...(isUnseen ? { error: new FluxError(doubt, { code: 'cluster/unseen' }) } : {}) };
}

/** Why so many, or such, deletions wait for a person; undefined when they may go ahead or are confirmed. */
function overBudget(
  candidates: readonly Candidate[],
  { staying, limit, ownersOfData, allowPrune, approved, wasAsked }: Round,
): PruneVerdict | undefined {
  const total = candidates.length;
  const setSize = staying + total;
  const deletions = candidates.map(({ id, live }) => ({ id, uid: live.uid ?? '' }));
  if (total === 0 || allowPrune >= total || coversAll(approved, deletions)) return undefined;
  const precious = firstOf(candidates, (each) => whyPrecious(each, ownersOfData));
  const askedBefore = candidates.find(({ live }) => wasAsked(live));
  const why =
    staying === 0
      ? 'Git wants nothing that is known to have been applied before'
      : precious !== undefined
        ? `among them is ${precious}`
        : (limit !== undefined && total > limit) || (total > FREE_DELETIONS && total > setSize * FREE_SHARE)
          ? `these are ${total} of ${setSize} objects`
          : askedBefore
            ? `a person was asked about ${askedBefore.id} before, and has not confirmed it`
            : undefined;
  if (why === undefined) return undefined;
  const approval = hashDeletions(deletions);
  const reason = `${count(total, 'deletion')} held: ${why}; to confirm, run fluxctl gc approve ${approval}, or push a commit with the trailer Allow-Prune: ${total}`;
  return { action: 'held', reason, approval };
}

function firstOf<T, R>(guards: readonly T[], ask: (guard: T) => R | undefined): R | undefined {
  for (const guard of guards) {
    const answer = ask(guard);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

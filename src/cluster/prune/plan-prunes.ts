import type { NotInGit, Orphan, PlanRequest } from '../../change/index.ts';
import { formatResourceId, isBuiltInGroup, type ResourceId } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { Directory, Discovery } from '../discovery/discovery.ts';
import type { Identified, LiveObject } from '../object/live.ts';
import { MARK_LABEL } from '../object/ownership.ts';
import type { Applied } from '../plan/inventory.ts';
import type { Layout } from '../plan/layout.ts';
import type { Lists } from '../plan/lists.ts';
import type { Step } from '../plan/step.ts';
import type { SyncSet } from '../plan/sync-set.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';
import { keyOf } from '../scope/scope.ts';
import { coversAll } from './deletion-list.ts';
import { type Others, plannedByOthers, readOthers } from './others.ts';
import {
  type Candidate,
  forgetOld,
  isMarkedOurs,
  isWhole,
  type Judged,
  judgeNamed,
  judgePrunes,
  type Owner,
  type Round,
} from './prune.ts';
import type { Self } from './self.ts';
import type { Look } from './unconfirmed.ts';
import { byOwner, type Wanted } from './wanted.ts';

export interface Pruning {
  readonly request: PlanRequest;
  readonly set: SyncSet;
  readonly discovery: Discovery;
  readonly manager: string;
  /** Our identity in the cluster; undefined outside it. */
  readonly self: Self | undefined;
  readonly lists: Lists;
  readonly allowed: AllowedNamespaces;
  readonly layout: Layout;
  /** The objects that were certainly applied before this revision; undefined if none is in doubt. */
  readonly before: () => Layout | undefined;
  /** The objects that the set may want, including earlier ones after a read with errors. */
  readonly claimed: Wanted;
  /** The sync sets of the other sources of this process. */
  readonly others: readonly SyncSet[];
  /** Number of objects in the repository that cannot be located, or are duplicates. */
  readonly failedEntries: number;
  /** Time by the monotonic clock. */
  readonly now: number;
  readonly timeOf: Owner['timeOf'];
}

export interface Prunes {
  /** Objects with our mark that are no longer in Git: to delete, or held with the reason. */
  readonly steps: readonly Step[];
  /** Orphans: objects with another mark that no source of this process wants, and whose deletion was not requested; sorted. */
  readonly orphans: readonly Orphan[];
  /** Whether deletions wait for approval. */
  readonly unconfirmed: boolean;
}

/** Finds objects that were removed from Git, and orphans. Orphans are deleted only on request. */
export async function planPrunes(pruning: Pruning, directory: Directory, signal?: AbortSignal): Promise<Prunes> {
  const { lists, set, discovery, now, request } = pruning;
  forgetOld(set, now);
  if ((request.unconfirmed || request.doubt !== undefined) && !request.preview) set.unconfirmed.recall();
  await lists.ofUnwanted(set);
  let others = plannedByOthers(pruning.others);
  let judgement = judge(pruning, others, directory);
  if (judgement.judged.some(({ verdict }) => verdict.action === 'prune')) {
    // Before deletions every kind is listed again: a round that cannot list all kinds deletes nothing.
    const fresh = await discovery.look(0, signal);
    await lists.ofEverything(fresh, set);
    others = await readOthers(pruning.others, fresh, signal);
    judgement = judge(pruning, others, fresh);
    const customs = judgement.judged.filter(isCustomDeletion).map(({ candidate }) => candidate);
    if (customs.length > 0) judgement = judge(pruning, others, fresh, await lists.ownersOfData(fresh, customs));
  }
  const { judged, orphans, look } = judgement;
  if (!request.preview) set.unconfirmed.update(look);
  const inOrder = judged.toSorted((a, b) => (a.candidate.id < b.candidate.id ? -1 : 1));
  const steps = inOrder.map(({ candidate: { id, resource, live }, verdict }): Step => {
    const object: NotInGit = { id, inGit: false, uid: live.uid };
    return verdict.action === 'prune'
      ? { act: 'delete', entry: { ...object, ...verdict }, resource, live }
      : { act: 'keep', entry: { ...object, ...verdict }, resource, live };
  });
  return { steps, orphans, unconfirmed: !set.unconfirmed.isEmpty };
}

interface Judgement {
  readonly judged: readonly Judged[];
  readonly orphans: readonly Orphan[];
  readonly look: Look;
}

function isCustomDeletion({ candidate, verdict }: Judged): boolean {
  return verdict.action === 'prune' && !isBuiltInGroup(candidate.resource.group);
}

function judge(
  pruning: Pruning,
  others: Others,
  { missing, vanished }: Pick<Directory, 'missing' | 'vanished'>,
  ownersOfData: ReadonlyMap<string, string> = new Map(),
): Judgement {
  const { request, set, lists, allowed, manager, self, layout, before, claimed, failedEntries, now } = pruning;
  const wanted = [layout.inRepository, ...others.wanted];
  /** Whether another source of this process applied it last. */
  const isOthers = ({ id, live }: Candidate) => others.syncSets.some((syncSet) => isMarkedOurs({ id, live }, { syncSet }));
  // An object that is served in several groups counts once.
  const seen = new Set<string>();
  const inGit: Candidate[] = [];
  const notInGit: Candidate[] = [];
  const sight = { missingApis: missing, vanishedApis: vanished, failedLists: lists.failed() };
  const keys = new Set<string>();
  const ours: ResourceId[] = [];
  for (const { resource, live } of lists.marked()) {
    if (!allowed.allows(resource, live.namespace, live.name)) continue;
    if (seen.has(live.uid)) continue;
    seen.add(live.uid);
    const key = keyOf(resource, live.namespace, live.name);
    const candidate = candidateOf(resource, live, set.inventory.get(key));
    if (!layout.inRepository.ids.has(candidate.id)) {
      notInGit.push(candidate);
      continue;
    }
    inGit.push(candidate);
    keys.add(key);
    // The marks of applied objects are known; computing thousands takes time.
    const kept = layout.targets.get(key);
    const isOurs = kept?.target.id === candidate.id ? live.labels?.[MARK_LABEL] === kept.mark : isMarkedOurs(candidate, request);
    if (isOurs) ours.push(candidate.id);
    else if (!request.preview && !isOthers(candidate)) set.contested.set(candidate.id, now);
  }
  // Kinds that cannot be listed now still belong to the set.
  if (sight.failedLists.length > 0)
    for (const [key, { target }] of layout.targets) if (!keys.has(key) && set.inventory.has(key)) ours.push(target.id);
  const [left, foreign]: [Candidate[], Candidate[]] = [[], []];
  for (const candidate of notInGit) {
    const isOurs = isMarkedOurs(candidate, request);
    if (isOthers(candidate)) continue;
    (isOurs ? left : foreign).push(candidate);
    if (!isOurs && !request.preview) set.foreign.set(candidate.id, now);
  }
  const [named, orphans]: [Candidate[], Orphan[]] = [[], []];
  for (const candidate of foreign.filter((each) => isOrphan(each, [claimed, ...others.wanted]))) {
    const { id, live } = candidate;
    if (coversAll(request.approvedOrphans ?? [], [{ id, uid: live.uid }])) named.push(candidate);
    else orphans.push({ id, uid: live.uid });
  }
  orphans.sort((a, b) => (a.id < b.id ? -1 : 1));
  const look = { inGit: inGit.map(liveOf), isWhole: isWhole(sight) };
  if (left.length === 0 && named.length === 0) return { judged: [], orphans, look: { ...look, left: [], asked: [] } };
  const owner: Owner = {
    syncSet: request.syncSet,
    manager,
    self,
    wanted: layout.inRepository,
    others: others.wanted,
    owned: byOwner([...inGit, ...notInGit].filter(({ id }) => wanted.some(({ ids }) => ids.has(id)))),
    contested: set.contested,
    foreign: set.foreign,
    deletes: set.deletes,
    now,
    timeOf: pruning.timeOf,
  };
  const round: Round = {
    mode: request.garbageCollection === 'on' ? 'on' : 'dry',
    desiredErrors: request.desired.errors.length,
    failedEntries,
    ...sight,
    unreadSources: others.unread,
    staying: ours.filter((id) => before()?.inRepository.ids.has(id) ?? true).length,
    limit: request.deletionLimit,
    ownersOfData,
    allowPrune: request.allowPrune ?? 0,
    approved: request.approved ?? [],
    doubt: request.doubt,
    wasAsked: (live) => request.unconfirmed === true || set.unconfirmed.has(live),
  };
  const prunes = judgePrunes(left, owner, round);
  const asked = prunes.filter(({ isAsked }) => isAsked).map(({ candidate }) => candidate.live);
  return {
    judged: [...prunes, ...judgeNamed(named, owner, round)],
    orphans,
    look: { ...look, left: prunes.map(({ candidate }) => candidate.live), asked },
  };
}

function liveOf({ live }: Candidate): LiveObject {
  return live;
}

/** Objects with another mark and no known owner. Only a person can know whether another Flux manages them. */
function isOrphan({ id, live: { ownerReferences = [], deletionTimestamp } }: Candidate, wantedByAny: readonly Wanted[]): boolean {
  return ownerReferences.length === 0 && deletionTimestamp === undefined && !wantedByAny.some(({ ids }) => ids.has(id));
}

function candidateOf(resource: ApiResource, live: Identified, applied: Applied | undefined): Candidate {
  const id: ResourceId = formatResourceId({ namespace: live.namespace, kind: resource.kind, name: live.name });
  return { id, resource, live, ...(applied ? { appliedUid: applied.uid } : {}) };
}

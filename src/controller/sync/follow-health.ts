import type { ObjectHealth } from '../../change/index.ts';
import type { RecordedHealth } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { ResourceId } from '../../resource/index.ts';

/** The image of each container of a workload. */
export type Images = Readonly<Record<string, string>>;

/** A workload whose health is not known yet. */
export interface Pending {
  readonly images: Images;
  /** Since when it has been healthy without interruption, by the monotonic clock. */
  readonly since?: number;
}

/** The workloads that a sync created or changed. */
export interface FollowedSync {
  readonly revision: Revision;
  /** When following ends, by the monotonic clock. */
  readonly until: number;
  readonly pending: ReadonlyMap<ResourceId, Pending>;
  readonly settled: ReadonlyMap<ResourceId, RecordedHealth>;
}

/** Syncs with workloads whose health is not known yet, oldest first; one for each revision. */
export type Following = readonly FollowedSync[];

/** What a sync did to workloads. */
export interface SyncedWorkloads {
  readonly revision: Revision;
  readonly until: number;
  /** Created or changed. */
  readonly changed: ReadonlyMap<ResourceId, Images>;
  /** Whether the revision still has a workload. */
  readonly isWanted: (id: ResourceId) => boolean;
}

/** Limit of followed syncs: more of them means that syncs change workloads faster than these become healthy. */
const MAX_SYNCS = 20;

/** A sync ended: the workloads that it changed are followed for its revision, and no longer for an earlier one. */
export function afterSync(following: Following, { revision, until, changed, isWanted }: SyncedWorkloads): Following {
  const by = `by revision ${revision.slice(0, 7)} before it was healthy`;
  const closed = following.map((sync) => {
    if (sync.revision === revision) return { ...sync, pending: without(sync.pending, (id) => !isWanted(id)) };
    return settle(sync, (id) => {
      if (changed.has(id)) return unknown(`changed ${by}`);
      return isWanted(id) ? undefined : unknown(`removed ${by}`);
    });
  });
  const same = closed.find((sync) => sync.revision === revision);
  const now: FollowedSync = {
    revision,
    until,
    pending: new Map([...(same?.pending ?? []), ...[...changed].map(([id, images]) => [id, { images }] as const)]),
    settled: without(same?.settled ?? new Map(), (id) => changed.has(id)),
  };
  const all = changed.size === 0 ? closed : [...closed.filter((sync) => sync !== same), now];
  const tooMany = all.length - MAX_SYNCS;
  return all.map((sync, index) =>
    index < tooMany ? settle(sync, () => unknown('not healthy before many later syncs changed workloads')) : sync,
  );
}

/**
 * Some workloads may have become healthy, or failed, and the time of some syncs may be over. Without a readiness probe, a program that
 * ends at once is ready for a moment: a workload is healthy when it has been so for `provenMs`.
 */
export function afterStates(
  following: Following,
  states: readonly ObjectHealth[],
  { now, provenMs }: { readonly now: number; readonly provenMs: number },
): Following {
  const byId = new Map(states.map((health) => [health.id, health]));
  return following.map((sync) =>
    settle(withSince(sync, byId, now), (id, { since }) => {
      const health = byId.get(id);
      const known = health && verdictOf(health);
      const isProven = since !== undefined && now - since >= provenMs;
      if (known?.state === 'healthy' && !isProven && now < sync.until) return undefined;
      if (known || now < sync.until) return known;
      return unknown(`not healthy in time${health ? `: ${health.message}` : ''}`);
    }),
  );
}

/** When to look again although nothing has changed, by the monotonic clock. */
export function nextLookAt(following: Following, provenMs: number): number {
  const times = following.flatMap(({ until, pending }) => [
    until,
    ...[...pending.values()].flatMap(({ since }) => (since === undefined ? [] : [since + provenMs])),
  ]);
  return Math.min(...times);
}

/** The syncs of which every workload is known, and the others. */
export function separate(following: Following): { readonly complete: Following; readonly following: Following } {
  return {
    complete: following.filter(({ pending }) => pending.size === 0),
    following: following.filter(({ pending }) => pending.size > 0),
  };
}

type Verdict = Omit<RecordedHealth, 'images'>;

function verdictOf({ state, message }: ObjectHealth): Verdict | undefined {
  switch (state) {
    case 'current':
      return { state: 'healthy' };
    case 'failed':
      return { state: 'failed', reason: message };
    case 'unknown':
      return unknown(message);
    case 'inProgress':
    case 'terminating':
    case 'missing':
      return undefined;
  }
}

function unknown(reason: string): Verdict {
  return { state: 'unknown', reason };
}

function withSince(sync: FollowedSync, byId: ReadonlyMap<ResourceId, ObjectHealth>, now: number): FollowedSync {
  const pending = [...sync.pending].map(([id, { images, since = now }]): readonly [ResourceId, Pending] => [
    id,
    byId.get(id)?.state === 'current' ? { images, since } : { images },
  ]);
  return { ...sync, pending: new Map(pending) };
}

function settle(sync: FollowedSync, verdict: (id: ResourceId, pending: Pending) => Verdict | undefined): FollowedSync {
  const pending = new Map<ResourceId, Pending>();
  const settled = new Map(sync.settled);
  for (const [id, each] of sync.pending) {
    const known = verdict(id, each);
    if (known) settled.set(id, { ...known, images: each.images });
    else pending.set(id, each);
  }
  return pending.size === sync.pending.size ? sync : { ...sync, pending, settled };
}

function without<Value>(map: ReadonlyMap<ResourceId, Value>, isGone: (id: ResourceId) => boolean): Map<ResourceId, Value> {
  return new Map([...map].filter(([id]) => !isGone(id)));
}

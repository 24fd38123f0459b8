import { yieldTurn } from '../base/index.ts';
import { type Policies, policiesOf } from '../policy/index.ts';
import { formatResourceId, isWorkload, type Manifest, parseResourceId, type ResourceId } from '../resource/index.ts';
import type { RunningWorkload, UpdateContext } from './context.ts';
import type { UpdateResult, UpdateStatus, WorkloadResult } from './spec.ts';

/** A workload of the repository that runs in the cluster and passed all filters. */
export interface Candidate {
  readonly id: ResourceId;
  readonly manifest: Manifest;
  /** Policies of the manifest; those of the live object are ignored. */
  readonly policies: Policies;
  readonly running: RunningWorkload;
}

/** Returns why a workload must not be updated, or undefined. */
export type Filter = (candidate: Candidate) => WorkloadResult | undefined;

export interface Selection {
  readonly candidates: readonly Candidate[];
  /** Results of the other workloads, and of ids that are not in the repository. */
  readonly results: Map<ResourceId, WorkloadResult>;
}

/** `<all>` in lists of workloads. */
export const ALL_WORKLOADS = '<all>';

/**
 * Selects the workloads of an update. Filters that need only the spec run first, so that the cluster is queried only for the rest. The
 * first filter that rejects a workload determines its result (Flux v1's order and messages).
 */
export async function selectWorkloads(
  { manifests, workloads, signal }: Pick<UpdateContext, 'manifests' | 'workloads' | 'signal'>,
  {
    include,
    exclude = [],
    filters,
  }: { readonly include: readonly string[]; readonly exclude?: readonly string[]; readonly filters: readonly Filter[] },
): Promise<Selection> {
  const everything = include.length === 0 || include.includes(ALL_WORKLOADS);
  const wanted = new Set(include.filter((id) => id !== ALL_WORKLOADS).map(normalId));
  const unwanted = new Set(exclude.map(normalId));
  const results = new Map<ResourceId, WorkloadResult>();
  const asked = new Set<ResourceId>();
  for (const [id, { object }] of manifests) {
    if (!isWorkload(object)) continue;
    if (!everything && !wanted.has(id)) results.set(id, rejection('ignored', 'not included'));
    else if (unwanted.has(id)) results.set(id, rejection('ignored', 'excluded'));
    else asked.add(id);
  }
  for (const id of wanted) {
    if (!asked.has(id) && !results.has(id)) results.set(id, rejection('skipped', 'not found in repository'));
  }
  const found = asked.size === 0 ? [] : await workloads.workloads({ ids: [...asked] }, signal ? { signal } : {});
  await yieldTurn(signal);
  const running = new Map(found.map((workload) => [workload.id, workload]));
  const candidates: Candidate[] = [];
  for (const id of asked) {
    const workload = running.get(id);
    const manifest = manifests.get(id);
    if (!workload || !manifest) {
      results.set(id, rejection('skipped', 'not accessible in cluster'));
      continue;
    }
    const candidate = { id, manifest, policies: policiesOf(manifest.object.metadata.annotations), running: workload };
    const objection = firstObjection(candidate, filters);
    if (objection) results.set(id, objection);
    else candidates.push(candidate);
  }
  return { candidates, results };
}

export function rejection(status: UpdateStatus, reason: string): WorkloadResult {
  return { Status: status, Error: reason, PerContainer: null };
}

export function sortedResult(results: ReadonlyMap<ResourceId, WorkloadResult>): UpdateResult {
  return Object.fromEntries([...results].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function firstObjection(candidate: Candidate, filters: readonly Filter[]): WorkloadResult | undefined {
  for (const filter of filters) {
    const objection = filter(candidate);
    if (objection) return objection;
  }
  return undefined;
}

/** Parses an id to its form in results. @throws FluxError `resource/bad-id`. */
export function normalId(text: string): ResourceId {
  return formatResourceId(parseResourceId(text));
}

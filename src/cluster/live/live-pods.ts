import { FluxError, hasCode, messageOf, readWithin } from '../../base/index.ts';
import type { LivePod, LivePodsReport } from '../../change/index.ts';
import { isWorkload } from '../../resource/index.ts';
import { controllerOf, uidOf } from '../object/controller.ts';
import type { Fields } from '../object/fields.ts';
import { ownersBetween } from '../pod/owners.ts';
import { podSelectorOf } from '../pod/pod-selector.ts';
import { POD } from '../pod/pod-state.ts';
import { livePod, METRICS, type PodUsage, usageByPod } from './live-pod.ts';
import { type LiveDeps, type LiveQuestion, type Located, locate } from './locate.ts';
import { type PermittedReads, permittedReads } from './permitted-reads.ts';
import { hiddenOf } from './shown-manifest.ts';

/** What a person can look through. */
const MAX_PODS = 100;

/** A workload of Git in a namespace. */
export interface LocatedWorkload extends Located {
  readonly namespace: string;
}

/** @throws FluxError `live/no-pods`, those of `locate`. */
export async function locateWorkload(question: LiveQuestion, deps: LiveDeps, signal?: AbortSignal): Promise<LocatedWorkload> {
  const { resource, namespace, name } = await locate(question, deps, signal);
  if (namespace === undefined || !isWorkload(question.desired.object))
    throw new FluxError(`${question.id} is no workload`, { code: 'live/no-pods', fault: 'missing' });
  return { resource, namespace, name };
}

/**
 * Reads the pods of a workload of Git, found by their owners rather than by labels, which pods of others may have as well. Each read
 * needs a right of the person who looks; without the one to usage, the rest is read.
 * @throws FluxError `cluster/forbidden` …, those of `permit` and `locateWorkload`.
 */
export async function livePods(question: LiveQuestion, deps: LiveDeps, signal?: AbortSignal): Promise<LivePodsReport> {
  const { transport, clock } = deps;
  const workload = await locateWorkload(question, deps, signal);
  const reads = permittedReads(transport, question.permit, signal);
  const object = await reads.get(workload.resource, workload.namespace, workload.name);
  const { pods, isCut } = object ? await podsOf(object, workload, reads) : { pods: [], isCut: false };
  const usage = await readWithin(clock, signal, (within) =>
    readUsage(permittedReads(transport, question.permit, within), workload.namespace, object && podSelectorOf(object)),
  );
  const measured: PodUsage = usage.state === 'read' ? (usage.value ?? new Map()) : new Map();
  const isHidden = hiddenOf(question.desired, object) !== undefined;
  const shown = pods.map((pod) => livePod(pod, { usage: measured, isHidden })).toSorted(newestFirst);
  return {
    pods: shown.slice(0, MAX_PODS),
    isCut: isCut || shown.length > MAX_PODS,
    usage: usage.state === 'read' ? { state: usage.value ? 'read' : 'not-served' } : usage,
  };
}

async function podsOf(
  object: Fields,
  { resource, namespace }: LocatedWorkload,
  reads: PermittedReads,
): Promise<{ readonly pods: readonly Fields[]; readonly isCut: boolean }> {
  if (resource.kind === POD.kind && resource.group === POD.group) return { pods: [object], isCut: false };
  const labelSelector = podSelectorOf(object);
  const owners = new Set([uidOf(object)]);
  const isOwned = (each: Fields) => owners.has(controllerOf(each)?.uid ?? '');
  let isCut = false;
  for (const between of ownersBetween(resource)) {
    const keep = (each: Fields) => (isOwned(each) ? uidOf(each) : undefined);
    const found = await reads.pages({ resource: between, namespace, labelSelector, keep });
    for (const uid of found.items) owners.add(uid);
    isCut ||= found.isCut;
  }
  owners.delete('');
  const keep = (each: Fields) => (isOwned(each) ? each : undefined);
  const { items: pods, isCut: areCut } = await reads.pages({ resource: POD, namespace, labelSelector, keep });
  return { pods, isCut: isCut || areCut };
}

/**
 * Undefined if the cluster does not serve metrics.
 * @throws FluxError `cluster/unavailable` while metrics-server is not ready, those of `reads`.
 */
async function readUsage(
  reads: PermittedReads,
  namespace: string,
  labelSelector: string | undefined,
): Promise<PodUsage | undefined> {
  try {
    return usageByPod(await reads.list(METRICS, namespace, labelSelector === undefined ? {} : { labelSelector }));
  } catch (error) {
    if (hasCode(error, 'cluster/unknown-resource')) return undefined;
    // The API server answers in the place of a metrics-server that has no pod that is ready.
    if (hasCode(error, 'cluster/unavailable'))
      throw new FluxError(`metrics-server does not answer: ${messageOf(error)}`, { code: 'cluster/unavailable', cause: error });
    throw error;
  }
}

function newestFirst(a: LivePod, b: LivePod): number {
  return (b.createdAt ?? 0) - (a.createdAt ?? 0) || a.name.localeCompare(b.name);
}

import { asFluxError, type Clock } from '../../base/index.ts';
import { isStarting, type PodState } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { collectionPath } from '../discovery/api-resource.ts';
import { fieldsOf, recordsOf } from '../object/fields.ts';
import { POD, podStateOf } from '../pod/pod-state.ts';

/** A workload whose pods are inspected: their namespace and selector. */
export interface Workload {
  readonly namespace: string | undefined;
  readonly labelSelector: string;
}

export interface PodReasons<T> {
  /** Why pods of the workload do not become ready; undefined if unknown, or if they may not be listed. */
  of(target: T): string | undefined;
  /** Starts inspecting the pods of a workload; undefined stops it. */
  follow(target: T, workload: Workload | undefined): void;
}

export interface PodReasonsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onChange: () => void;
  /** Interval of inspections. */
  readonly everyMs?: number;
}

const EVERY_MS = 5_000;
/** The part of the interval before the first inspection, within which a normal pod becomes ready. */
const FIRST = 0.4;
/** Limits of workloads in one round, and of pods of each. */
const WORKLOADS = 20;
const PODS_OF_EACH = '20';
const LONGEST = 300;

/**
 * The status of a workload only counts its pods; the reason why one does not start is in the pod. Pods are inspected only while a client
 * waits for a workload that is not ready.
 */
export function createPodReasons<T>({
  transport,
  clock,
  signal,
  onChange,
  everyMs = EVERY_MS,
}: PodReasonsOptions): PodReasons<T> {
  const followed = new Map<T, Workload>();
  const reasons = new Map<T, string>();
  /** Namespaces whose pods may not be listed. */
  const closed = new Set<string | undefined>();
  let isLooking = false;

  async function look(): Promise<void> {
    for (let wait = FIRST * everyMs; followed.size > 0; wait = everyMs) {
      await clock.sleep(wait, { signal });
      let isNews = false;
      for (const [target, workload] of [...followed].slice(0, WORKLOADS)) isNews = (await lookAt(target, workload)) || isNews;
      if (isNews) onChange();
    }
    isLooking = false;
  }

  async function lookAt(target: T, workload: Workload): Promise<boolean> {
    const before = reasons.get(target);
    const reason = closed.has(workload.namespace) ? undefined : await reasonOf(workload, before);
    if (reason === before || !followed.has(target)) return false;
    if (reason === undefined) reasons.delete(target);
    else reasons.set(target, reason);
    return true;
  }

  /** The previous reason, if the pods cannot be listed. */
  async function reasonOf({ namespace, labelSelector }: Workload, before: string | undefined): Promise<string | undefined> {
    try {
      const path = collectionPath(POD, namespace);
      const { body } = await transport.request({ path, query: { labelSelector, limit: PODS_OF_EACH }, attempts: 1, signal });
      return whyNotReady(recordsOf(fieldsOf(body).items).map(podStateOf));
    } catch (thrown) {
      signal.throwIfAborted();
      if (asFluxError(thrown, { code: 'cluster/pods-unknown' }).code === 'cluster/forbidden') closed.add(namespace);
      return before;
    }
  }

  return {
    of: (target) => reasons.get(target),
    follow(target, workload) {
      if (workload === undefined) {
        followed.delete(target);
        reasons.delete(target);
        return;
      }
      followed.set(target, workload);
      if (isLooking) return;
      isLooking = true;
      // Ends only with the signal; a failed round keeps the previous reasons.
      look().catch(() => undefined);
    },
  };
}

/** The first pod with a reason: `pod web-1: ImagePullBackOff: Back-off pulling image "acme/web:2"`. */
export function whyNotReady(pods: readonly PodState[]): string | undefined {
  for (const pod of pods) {
    const why = reasonIn(pod);
    if (why !== undefined) return `pod ${pod.name}: ${why}`.slice(0, LONGEST);
  }
  return undefined;
}

/** Reasons to wait whose messages are of Kubernetes and the registry; those of others may quote a command line. */
const SAID: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
]);

function reasonIn({ containers, unscheduled }: PodState): string | undefined {
  for (const { now, last } of containers) {
    if (now.state !== 'waiting' || isStarting(now.reason)) continue;
    const before = last && last.reason !== '' ? ` (ended before: ${last.reason}, exit code ${last.exitCode})` : '';
    const said = SAID.has(now.reason) && now.message !== '' ? `: ${now.message}` : '';
    return `${now.reason}${said}${before}`;
  }
  return unscheduled;
}

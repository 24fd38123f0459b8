import { hasCode } from '../../base/index.ts';
import { type ContainerState, type PodState, pullCause } from '../../resource/index.ts';
import type { List } from '../connection/list.ts';
import { byTime, listEvents } from '../event/list-events.ts';
import { POD } from './pod-state.ts';

/** Pods whose Events are read. */
const MAX_PODS = 2;

/**
 * Adds why images could not be pulled. A kubelet says so in the state of a container for some seconds after an attempt, and not all repeat
 * it while they back off: their Events still have it.
 */
export async function withPullCauses(
  pods: readonly PodState[],
  namespace: string,
  list: List,
  signal: AbortSignal | undefined,
): Promise<readonly PodState[]> {
  const silent = pods.filter(({ containers }) => containers.some(backsOffSilently)).slice(0, MAX_PODS);
  const completed = await Promise.all(
    silent.map(async (pod) => [pod, withCauses(pod, await failuresOf(pod.name, namespace, list, signal))] as const),
  );
  const byPod = new Map(completed);
  return pods.map((pod) => byPod.get(pod) ?? pod);
}

function backsOffSilently({ now }: ContainerState): boolean {
  return now.state === 'waiting' && now.reason === 'ImagePullBackOff' && pullCause(now.message) === '';
}

/** Messages of failed pulls, newest first; none if Events may not be read. */
async function failuresOf(
  name: string,
  namespace: string,
  list: List,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  try {
    return byTime(await listEvents(list, { kind: POD.kind, namespace, name }, signal)).map(({ message }) => message);
  } catch (error) {
    if (hasCode(error, 'cluster/forbidden')) return [];
    throw error;
  }
}

function withCauses(pod: PodState, failures: readonly string[]): PodState {
  return {
    ...pod,
    containers: pod.containers.map((container) => {
      if (container.now.state !== 'waiting' || !backsOffSilently(container)) return container;
      // The kubelet completes a reference without a tag.
      const starts = ['', ':latest'].map((tag) => `Failed to pull image "${container.image}${tag}": `);
      const said = failures.flatMap((message) => {
        const start = starts.find((each) => message.startsWith(each));
        return start === undefined ? [] : message.slice(start.length);
      })[0];
      return said === undefined ? container : { ...container, now: { ...container.now, message: said } };
    }),
  };
}

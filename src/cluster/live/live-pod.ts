import type { Amounts, ContainerType, LivePod } from '../../change/index.ts';
import type { ContainerState } from '../../resource/index.ts';
import { builtIn } from '../discovery/api-resource.ts';
import { type Fields, fieldsOf, recordsOf, textOf } from '../object/fields.ts';
import { optional, timeOf } from '../object/optional-facts.ts';
import { quantity } from '../object/quantity.ts';
import { podStateOf } from '../pod/pod-state.ts';

/** What metrics-server serves, or another implementation of its API. */
export const METRICS = builtIn('PodMetrics', 'pods', 'metrics.k8s.io', 'v1beta1');

/** What containers use, by pod and container. */
export type PodUsage = ReadonlyMap<string, ReadonlyMap<string, Amounts>>;

/** Usage as metrics-server sends it (`metrics.k8s.io/v1beta1`, PodMetrics). */
export function usageByPod(items: readonly Fields[]): PodUsage {
  return new Map(
    items.map(({ metadata, containers }) => [
      textOf(fieldsOf(metadata).name),
      new Map(recordsOf(containers).map(({ name, usage }) => [textOf(name), amountsOf(usage)])),
    ]),
  );
}

interface PodOptions {
  readonly usage: PodUsage;
  /** Of a workload made of encrypted files: its resources, and the words of the cluster, which may quote values, are left out. */
  readonly isHidden: boolean;
}

/** A pod as the API server sends it. What its programs said when they ended is left out, for it may hold secrets. */
export function livePod(pod: Fields, { usage, isHidden }: PodOptions): LivePod {
  const { containers, initContainers } = fieldsOf(pod.spec);
  const specs = new Map<string, Pick<LivePod['containers'][number], 'type' | 'requests' | 'limits'>>([
    ...recordsOf(initContainers).map((each) => [textOf(each.name), specOf(each, isSidecar(each) ? 'sidecar' : 'init')] as const),
    ...recordsOf(containers).map((each) => [textOf(each.name), specOf(each, 'main')] as const),
  ]);
  const { unscheduled, ...state } = podStateOf(pod);
  const withoutWords = (now: ContainerState['now']) =>
    now.state === 'terminated' || (isHidden && now.state === 'waiting') ? { ...now, message: '' } : now;
  return {
    ...state,
    ...optional('unscheduled', isHidden ? undefined : unscheduled),
    ...optional('createdAt', timeOf(fieldsOf(pod.metadata).creationTimestamp)),
    containers: state.containers.map(({ now, last, ...container }) => ({
      ...container,
      ...(specs.get(container.name) ?? specOf({}, 'main')),
      ...(isHidden ? { requests: {}, limits: {} } : {}),
      now: withoutWords(now),
      ...(last ? { last: { ...last, message: '' } } : {}),
      ...optional('usage', usage.get(state.name)?.get(container.name)),
    })),
  };
}

/** https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/ */
function isSidecar({ restartPolicy }: Fields): boolean {
  return restartPolicy === 'Always';
}

function specOf({ resources }: Fields, type: ContainerType) {
  const { requests, limits } = fieldsOf(resources);
  return { type, requests: amountsOf(requests), limits: amountsOf(limits) };
}

function amountsOf(resources: unknown): Amounts {
  const { cpu, memory } = fieldsOf(resources);
  return { ...optional('cpu', quantity(cpu)), ...optional('memory', quantity(memory)) };
}

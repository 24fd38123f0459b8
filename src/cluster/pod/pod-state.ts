import type { ContainerPhase, ContainerState, PodState, Termination } from '../../resource/index.ts';
import { builtIn } from '../discovery/api-resource.ts';
import { conditionsOf, type Fields, fieldsOf, numberOf, recordsOf, textOf } from '../object/fields.ts';

export const POD = builtIn('Pod', 'pods');

/** Reads a pod as the API server sends it. */
export function podStateOf(pod: Fields): PodState {
  const { name, deletionTimestamp } = fieldsOf(pod.metadata);
  const { nodeName, containers, initContainers } = fieldsOf(pod.spec);
  const status = fieldsOf(pod.status);
  const conditions = conditionsOf(pod);
  const unscheduled = conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const specs = [...recordsOf(initContainers), ...recordsOf(containers)];
  const reports = [...recordsOf(status.initContainerStatuses), ...recordsOf(status.containerStatuses)];
  return {
    name: textOf(name),
    ...(textOf(nodeName) === '' ? {} : { node: textOf(nodeName) }),
    phase: textOf(status.phase),
    ...(textOf(status.reason) === '' ? {} : { reason: textOf(status.reason) }),
    ...(unscheduled ? { unscheduled: [unscheduled.reason, unscheduled.message].filter(Boolean).join(': ') } : {}),
    ready: conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    ending: deletionTimestamp !== undefined,
    containers: distinctNames(specs, reports).map((each) => containerState(each, find(specs, each), find(reports, each))),
  };
}

function distinctNames(...lists: readonly (readonly Fields[])[]): readonly string[] {
  return [...new Set(lists.flat().map(({ name }) => textOf(name)))];
}

function find(list: readonly Fields[], wanted: string): Fields {
  return list.find(({ name }) => name === wanted) ?? {};
}

function containerState(name: string, { image }: Fields, report: Fields): ContainerState {
  const last = terminationOf(fieldsOf(report.lastState).terminated);
  return {
    name,
    image: textOf(image),
    ...(textOf(report.imageID) === '' ? {} : { imageId: textOf(report.imageID) }),
    ready: report.ready === true,
    restarts: numberOf(report.restartCount),
    now: phaseOf(fieldsOf(report.state)),
    ...(last ? { last } : {}),
  };
}

function phaseOf({ running, waiting, terminated }: Fields): ContainerPhase {
  const ended = terminationOf(terminated);
  if (ended) return { state: 'terminated', ...ended };
  if (waiting !== undefined) {
    const { reason, message } = fieldsOf(waiting);
    return { state: 'waiting', reason: textOf(reason), message: textOf(message) };
  }
  return running === undefined ? { state: 'unknown' } : { state: 'running' };
}

function terminationOf(value: unknown): Termination | undefined {
  if (value === undefined || value === null) return undefined;
  const { reason, exitCode, message } = fieldsOf(value);
  return { reason: textOf(reason), exitCode: numberOf(exitCode), message: textOf(message) };
}

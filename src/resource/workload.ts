import type { Container } from './container.ts';
import { type Fields, isFields, valueAt } from './fields.ts';
import { helmContainersOf } from './helm-release.ts';
import type { JsonObject } from './object.ts';

/** Kinds whose images Flux reads and updates (Flux v1's list, by kind alone). */
export const WORKLOAD_KINDS = ['CronJob', 'DaemonSet', 'Deployment', 'StatefulSet', 'HelmRelease'] as const;

export function isWorkloadKind(kind: string): boolean {
  return (WORKLOAD_KINDS as readonly string[]).includes(kind);
}

/**
 * The containers of a workload in Flux v1's order: `containers`, then `initContainers`; for a HelmRelease the images in its values.
 * Empty for other kinds.
 */
export function containersOf(object: Fields): readonly Container[] {
  if (object.kind === 'HelmRelease') return helmContainersOf(object);
  const spec = podSpecOf(object);
  return [...containerList(spec?.containers), ...containerList(spec?.initContainers)];
}

/** The pod spec of a workload, or undefined if its kind has none. */
export function podSpecOf(object: Fields): JsonObject | undefined {
  const { kind } = object;
  const path = typeof kind === 'string' && isWorkloadKind(kind) ? podSpecPath(kind) : undefined;
  const spec = path && valueAt(object, path);
  return isFields(spec) ? (spec as JsonObject) : undefined;
}

/** Where the kinds of workloads have their pod spec. A HelmRelease has none: its images are values. */
const POD_SPECS: ReadonlyMap<string, readonly string[]> = new Map([
  ['cronjob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
  ['daemonset', ['spec', 'template', 'spec']],
  ['deployment', ['spec', 'template', 'spec']],
  ['statefulset', ['spec', 'template', 'spec']],
]);

/** The path to the pod spec of a kind of workload, in any case; undefined for other kinds. */
export function podSpecPath(kind: string): readonly string[] | undefined {
  return POD_SPECS.get(kind.toLowerCase());
}

function containerList(list: unknown): Container[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    if (!isFields(entry) || typeof entry.name !== 'string') return [];
    return [{ name: entry.name, image: typeof entry.image === 'string' ? entry.image : '' }];
  });
}

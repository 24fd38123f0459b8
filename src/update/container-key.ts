import type { ResourceId } from '../resource/index.ts';

/** Identifies a container of a workload in maps. */
export function containerKey({ workload, container }: { readonly workload: ResourceId; readonly container: string }): string {
  return `${workload}\n${container}`;
}

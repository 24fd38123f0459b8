/** An image repository to watch. */
export interface ImageTarget {
  /** Canonical name, `index.docker.io/library/alpine`. */
  readonly name: string;
  /** The pull secrets of each workload that uses the image. */
  readonly pullSecrets: readonly PullSecrets[];
  /** Tags whose creation time a policy or listing needs. */
  readonly needsTimes?: (tag: string) => boolean;
  /** Whether all workloads that use it are scaled to zero or suspended, and none is automated: where requests are few, others are scanned first. */
  readonly isIdle?: boolean;
  /** Tags in use: each scan checks whether they have moved. */
  readonly inUse?: readonly string[];
}

/** The pull secrets of one workload, read in its namespace and in no other. */
export interface PullSecrets {
  readonly namespace: string;
  readonly secrets: readonly string[];
  readonly serviceAccount: string;
}

/** One target for each image: what any of the targets needs. */
export function mergeTargets(targets: readonly ImageTarget[]): readonly ImageTarget[] {
  return [...Map.groupBy(targets, ({ name }) => name)].map(([name, same]) => {
    const [only, ...others] = same;
    if (only && others.length === 0) return only;
    const needs = same.flatMap(({ needsTimes }) => needsTimes ?? []);
    return {
      name,
      pullSecrets: same.flatMap(({ pullSecrets }) => pullSecrets),
      inUse: [...new Set(same.flatMap(({ inUse = [] }) => inUse))],
      ...(same.every(({ isIdle = false }) => isIdle) ? { isIdle: true } : {}),
      ...(needs.length > 0 ? { needsTimes: (tag: string) => needs.some((needsTime) => needsTime(tag)) } : {}),
    };
  });
}

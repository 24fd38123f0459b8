import { type ClusterOptions, type ClusterSource, createCluster } from '../../src/cluster/index.ts';
import type { Cluster } from '../../src/controller/ports/cluster.ts';
import type { DesiredState } from '../../src/resource/index.ts';

/** A cluster without a daemon around it. */
export interface LoneCluster extends Cluster {
  /** Called with the sync set of a source that is to sync. */
  onDrift(listener: (syncSet: string) => void): void;
}

export interface LoneClusterOptions extends ClusterOptions {
  /** Of every source; open when absent. */
  readonly fence?: ClusterSource['fence'];
}

const OPEN: ClusterSource['fence'] = { check: () => undefined, isOpen: true };

/** A source without a fence that wants nothing and hears nothing. */
export function loneSource(syncSet: string): ClusterSource {
  return {
    syncSet,
    name: syncSet,
    fence: OPEN,
    onDrift: () => undefined,
    desired: async () => ({ manifests: [], errors: [], warnings: [] }),
  };
}

/** Connects to a cluster. Each sync set that is planned becomes a source, which wants what it wanted in its last plan. */
export async function createLoneCluster({ fence = OPEN, ...options }: LoneClusterOptions): Promise<LoneCluster> {
  const cluster = await createCluster(options);
  const wanted = new Map<string, DesiredState>();
  const listeners = new Set<(syncSet: string) => void>();
  return {
    ...cluster,
    plan(request, cancel) {
      const { syncSet, desired, preview } = request;
      if (!wanted.has(syncSet))
        cluster.join({
          ...loneSource(syncSet),
          fence,
          onDrift() {
            for (const listener of listeners) listener(syncSet);
          },
          desired: async () => wanted.get(syncSet) ?? desired,
        });
      if (!preview || !wanted.has(syncSet)) wanted.set(syncSet, desired);
      return cluster.plan(request, cancel);
    },
    onDrift: (listener) => void listeners.add(listener),
  };
}

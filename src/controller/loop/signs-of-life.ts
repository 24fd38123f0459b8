import type { Cluster } from '../ports/cluster.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import type { Watchdog } from './watchdog.ts';

type Beating = Pick<Watchdog, 'beat'>;

/** The source as the loop calls it: each of these calls is a sign of life when it ends, well or not. */
export function beatingSource(source: Source, watchdog: Beating): Source {
  const beats = beatsOf(watchdog);
  return {
    ...source,
    fetch: beats((...args) => source.fetch(...args)),
    acceptedBefore: beats((...args) => source.acceptedBefore(...args)),
    files: beats((...args) => source.files(...args)),
    blob: beats((...args) => source.blob(...args)),
    resolve: beats((...args) => source.resolve(...args)),
    commits: beats((...args) => source.commits(...args)),
    lineage: beats((...args) => source.lineage(...args)),
    marker: beats((...args) => source.marker(...args)),
    markerElsewhere: beats((...args) => source.markerElsewhere(...args)),
    commit: beats((...args) => source.commit(...args)),
    proposals: beats((...args) => source.proposals(...args)),
    propose: beats((...args) => source.propose(...args)),
    withdraw: beats((...args) => source.withdraw(...args)),
    arrived: beats((...args) => source.arrived(...args)),
    notes: beats((...args) => source.notes(...args)),
    syncRecord: beats((...args) => source.syncRecord(...args)),
    syncRecords: beats((...args) => source.syncRecords(...args)),
    recordSync: beats((...args) => source.recordSync(...args)),
    amendRecord: beats((...args) => source.amendRecord(...args)),
  };
}

/** The cluster as the loop calls it. */
export function beatingCluster(cluster: Cluster, watchdog: Beating): Cluster {
  const beats = beatsOf(watchdog);
  return {
    ...cluster,
    plan: beats((...args) => cluster.plan(...args)),
    apply: beats((...args) => cluster.apply(...args)),
    workloads: beats((...args) => cluster.workloads(...args)),
  };
}

/** The image watch as the loop calls it. */
export function beatingImages(images: ImageWatch, watchdog: Beating): ImageWatch {
  const beats = beatsOf(watchdog);
  return {
    ...images,
    scanNow: beats((...args) => images.scanNow(...args)),
    verifyNow: beats((...args) => images.verifyNow(...args)),
  };
}

function beatsOf(watchdog: Beating) {
  return <Args extends readonly unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
    (...args: Args): Promise<Answer> =>
      call(...args).finally(() => watchdog.beat());
}

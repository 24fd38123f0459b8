import type { FluxError, Reading } from '../../base/index.ts';
import type { Evidence } from '../../change/index.ts';
import type { ImageScan } from '../../image/index.ts';
import type { Policies } from '../../policy/index.ts';
import type { RecordedJob } from '../../record/index.ts';
import type { LineChange, Revision, SourceState, Unverified } from '../../repository/index.ts';
import type { ClusterWorkload, Manifest, ManifestPlace, Problem, ResourceId } from '../../resource/index.ts';
import type { ConsideredTag, Decision } from '../../update/index.ts';
import type { Leadership } from '../leadership/leadership.ts';
import type { Trouble } from '../loop/loop.ts';
import type { ObjectState } from '../sync/object-states.ts';
import type { Closed } from '../sync/sync-window.ts';

/** The commit that last changed a line, and the job that made it, if one did. */
export interface Changed extends LineChange {
  readonly job?: RecordedJob;
}

/** One container, as far as Git, the registry and the decision know it. */
export interface ContainerFacts {
  readonly name: string;
  /** As Git has it. */
  readonly image: string;
  /** The image that runs, if it is another one. */
  readonly running?: string;
  readonly decision: Decision;
  /** The text of its tag pattern. */
  readonly pattern: string;
  readonly considered: readonly ConsideredTag[];
  /** Number of tags that are known. */
  readonly tags: number;
  /** The tag that the question is about, and what became of it. */
  readonly asked?: ConsideredTag | { readonly tag: string; readonly verdict: 'absent' };
  /** The canonical name of its repository; absent for a reference that cannot be parsed. */
  readonly repository?: string;
  readonly scan?: ImageScan;
  /** The flag because of which its registry is not asked. */
  readonly barredBy?: string;
  /** Pull secrets of the workload that do not exist, or may not be read. */
  readonly missingSecrets: readonly string[];
  /** Why its last update failed, if the last change of the image reverted it. */
  readonly reverted?: string;
  /** The last change of the line with the image. */
  readonly changed?: Reading<Changed>;
}

/** The source, and what the loop makes of it. */
export interface SourceFacts {
  readonly name: string;
  readonly branch: string;
  readonly paths: readonly string[];
  readonly state: SourceState;
  readonly leadership: Leadership;
  /** The accepted revision. */
  readonly head?: Revision;
  /** Why its manifests cannot be read. */
  readonly unreadable?: FluxError;
  /** The revision of the last sync. */
  readonly applied?: Revision;
  /** When that ended, in milliseconds since the epoch. */
  readonly syncedAt?: number;
  /** What of the branch is not accepted. */
  readonly unverified?: Unverified;
  /** What keeps new revisions from being applied now. */
  readonly closed?: Closed;
  /** Why the last sync failed as a whole. */
  readonly failure?: FluxError;
  /** Why the last sync is not recorded in Git, and since when. */
  readonly unrecorded?: Trouble;
  /** Why automation fails. */
  readonly automation?: Trouble;
  /** Number of refused files and documents. */
  readonly refused: number;
  /** Names of the units that could not be rendered, or not in full. */
  readonly failedUnits: readonly string[];
}

/** All that is known of one object, from which the answer is folded. Times are in milliseconds since the epoch. */
export interface Facts {
  readonly now: number;
  /** Absent for a refused document that does not name an object. */
  readonly id?: ResourceId;
  readonly source: SourceFacts;
  readonly manifest?: Manifest;
  /** Where else the object is defined. */
  readonly duplicates: readonly ManifestPlace[];
  /** Why its document is refused. */
  readonly problem?: Problem;
  /** What is wrong with the unit that rendered it before, if no manifest is known. */
  readonly unitProblem?: Problem;
  /** The newest change of its lines. */
  readonly changed?: Reading<Changed>;
  readonly inGit: Policies;
  readonly inCluster?: Policies;
  /** The workload in the cluster; undefined if there is none. */
  readonly running: Reading<ClusterWorkload | undefined>;
  /** Its state since the last sync. */
  readonly object?: ObjectState;
  /** What the cluster says about it; absent until it is read. */
  readonly evidence?: Evidence;
  /** Workloads that look like the controllers of its finalizers. */
  readonly controllers: readonly ClusterWorkload[];
  /** The containers that the question is about. */
  readonly containers: readonly ContainerFacts[];
}

import type { Change, Orphan } from '../../change/index.ts';
import type { AcceptedRevision, Revision } from '../../repository/index.ts';
import type { Manifest, Problem, ResourceId } from '../../resource/index.ts';
import type { NewCommits } from './new-commits.ts';

/** The outcome of one sync. */
export interface SyncOutcome {
  readonly revision: AcceptedRevision;
  /** A later revision may have been applied, unrecorded; what that may have changed was left as it is. */
  readonly onlyRecorded?: true;
  readonly previous?: Revision;
  /** Number of deletions approved by a commit. */
  readonly allowPrune?: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** One for each object, including unchanged ones. */
  readonly changes: readonly Change[];
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Orphans, which may have another owner. */
  readonly orphans?: readonly Orphan[];
  /** Whether deletions wait for approval. */
  readonly unconfirmed?: true;
  /** How many objects each unit rendered, by its name; absent without units. */
  readonly units?: Readonly<Record<string, number>>;
  /** What `kubectl rollout history` is to show of objects that wait for others, by the checksum of the manifest. */
  readonly changeCauses?: ReadonlyMap<string, string>;
  /** What was closed, if a person had the revision applied all the same. */
  readonly windowOverridden?: string;
  readonly newCommits: NewCommits;
  /** The workloads of the revision, by full id. */
  readonly workloads: ReadonlyMap<ResourceId, Manifest>;
}

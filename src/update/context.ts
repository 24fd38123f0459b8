import type { Cancellable } from '../base/index.ts';
import type { ImageRepository } from '../image/index.ts';
import type { EditedRevision, Manifests } from '../manifests/index.ts';
import type { SignatureQuestion, UrgentQuestions } from '../policy/index.ts';
import type { Container, Manifest, ResourceId } from '../resource/index.ts';
import type { Gates } from '../schedule/index.ts';
import type { Ages } from './first-seen.ts';
import type { Gathering } from './gathering.ts';
import type { Pinning } from './pinning.ts';
import type { ProposalLookup } from './proposed.ts';
import type { Suspension } from './suspension.ts';

/** The properties of a running workload that planning needs. */
export interface RunningWorkload {
  readonly id: ResourceId;
  /** Containers, then init containers; images as written. */
  readonly containers: readonly Container[];
  readonly annotations: Readonly<Record<string, string>>;
  /** In Flux v1's words. */
  readonly status?: string;
}

/** Queries the cluster for running workloads. */
export interface WorkloadLookup {
  /** The workloads with these ids; those that do not exist or are not accessible are omitted. */
  workloads(filter: { readonly ids: readonly ResourceId[] }, options?: Cancellable): Promise<readonly RunningWorkload[]>;
}

/** Access to image metadata. */
export interface ImageLookup {
  /** By canonical name; undefined if unknown. */
  repository(name: string): ImageRepository | undefined;
  /** Reads the registry again before an image is reported as missing. Unknown names are ignored. */
  scanNow(name: string, options?: Cancellable): Promise<void>;
  /** Asks for the metadata of one tag, which the scanner reads soon. */
  readTag(name: string, tag: string): void;
  /** Asks which of some images is signed as it must be; the scanner looks soon. */
  verify(question: SignatureQuestion): void;
  /**
   * Verifies images at once. Resolves to what is known of a repository that is not watched; undefined for one that is, which `repository`
   * knows.
   */
  verifyNow(asked: UrgentQuestions, options?: Cancellable): Promise<ImageRepository | undefined>;
}

/** The rollouts of automation's earlier updates. */
export interface FailedRollouts {
  /** Until when a failed update of the workload waits for its revert, in milliseconds since the epoch; undefined if none does. */
  revertHeldUntil(workload: ResourceId): number | undefined;
}

/** The images that workloads had before, as the records of syncs say. */
export interface PastImages {
  /** By container, of the revisions with which the workload became healthy, newest first. */
  healthy(id: ResourceId): AsyncIterable<Readonly<Record<string, string>>>;
}

/** When automation may commit. */
export interface Timing {
  readonly gates: Gates;
  readonly rollouts?: FailedRollouts;
  /** Updates that wait for each other; none by default. */
  readonly gathering?: Gathering | undefined;
  /** In milliseconds since the epoch. */
  readonly now: number;
  /** Minimum ages; none when absent. */
  readonly ages?: Ages;
  /** Set while a person has suspended all automation. */
  readonly suspension?: Suspension | undefined;
  /** Where images are proposed, if automation does not commit to the followed branch. */
  readonly proposals?: ProposalLookup | undefined;
  /** Whether nothing may be committed. */
  readonly readOnly?: boolean;
}

/** The input of planning: one revision of the repository, and access to cluster and registries. */
export interface UpdateContext {
  /** All manifests of the revision by effective id, after namespace defaulting. */
  readonly manifests: ReadonlyMap<ResourceId, Manifest>;
  /** Reads a file of the same revision. */
  readonly readFile: (path: string) => Promise<string>;
  readonly workloads: WorkloadLookup;
  readonly images: ImageLookup;
  /** None is known by default. */
  readonly past?: PastImages;
  /** Reads and edits the files; created on demand by default. */
  readonly desired?: Pick<Manifests, 'readTexts' | 'edit' | 'editUnit' | 'readEdited'>;
  /** The files of the revision; needed where units are rendered. */
  readonly revision?: Omit<EditedRevision, 'edits'>;
  /** Windows and freezes of automation; none by default. */
  readonly timing?: Timing;
  /** Which images are pinned to digests; by default those whose annotations say so. */
  readonly pinning?: Pinning;
  /** Called with the duration of each stage. */
  readonly timed?: Timed;
  readonly signal?: AbortSignal;
}

/** The stages of an image update, by Flux v1's names. */
export type Stage = 'select_workloads' | 'lookup_images' | 'write_changes' | 'verify_changes';

/** Runs the work and measures its duration. */
export type Timed = <T>(stage: Stage, work: () => Promise<T>) => Promise<T>;

export const untimed: Timed = (_stage, work) => work();

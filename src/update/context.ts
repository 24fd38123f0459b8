import type { Cancellable, FluxError } from '../base/index.ts';
import type { ManifestThread } from '../manifests/index.ts';
import type { Container, Manifest, ResourceId } from '../resource/index.ts';

/** The properties of a running workload that planning needs. */
export interface RunningWorkload {
  readonly id: ResourceId;
  /** Containers, then init containers; images as written. */
  readonly containers: readonly Container[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Queries the cluster for running workloads. */
export interface WorkloadLookup {
  /** The workloads with these ids; those that do not exist or are not accessible are omitted. */
  workloads(filter: { readonly ids: readonly ResourceId[] }, options?: Cancellable): Promise<readonly RunningWorkload[]>;
}

/** Registry metadata of one tag, as far as planning needs it. */
export interface KnownImage {
  /** Digest of the image manifest; of one platform, if the tag refers to an index. */
  readonly digest?: string;
  /** Digest of the index, if the tag refers to one. */
  readonly indexDigest?: string;
  /** Milliseconds since the epoch; absent if unknown. */
  readonly createdAt?: number;
  /** Nanoseconds beyond that millisecond; may be absent. */
  readonly createdNs?: number;
  /** Set if the tag cannot be read; such an image is never chosen. */
  readonly error?: Error;
}

export interface KnownRepository {
  readonly tags: readonly string[];
  /** Metadata by tag; an absent tag has not been read yet. */
  readonly images: ReadonlyMap<string, KnownImage>;
  /** Time of the last tag list in milliseconds since the epoch; absent before the first. */
  readonly scannedAt?: number;
  /** Why the last scan failed; the tags are then from an earlier one. */
  readonly error?: FluxError;
}

/** Access to image metadata. */
export interface ImageLookup {
  /** By canonical name; undefined if unknown. */
  repository(name: string): KnownRepository | undefined;
  /** Reads the registry again before an image is reported as missing. Unknown names are ignored. */
  scanNow(name: string, options?: Cancellable): Promise<void>;
}

/** The input of planning: one revision of the repository, and access to cluster and registries. */
export interface UpdateContext {
  /** All manifests of the revision by effective id, after namespace defaulting. */
  readonly manifests: ReadonlyMap<ResourceId, Manifest>;
  /** Reads a file of the same revision. */
  readonly readFile: (path: string) => Promise<string>;
  readonly workloads: WorkloadLookup;
  readonly images: ImageLookup;
  /** The thread that edits long files; created on demand by default. */
  readonly thread?: ManifestThread;
  /** Called with the duration of each stage. */
  readonly timed?: Timed;
  readonly signal?: AbortSignal;
}

/** The stages of an image update, by Flux v1's names. */
export type Stage = 'select_workloads' | 'lookup_images' | 'write_changes' | 'verify_changes';

/** Runs the work and measures its duration. */
export type Timed = <T>(stage: Stage, work: () => Promise<T>) => Promise<T>;

export const untimed: Timed = (_stage, work) => work();

import type { FluxError } from '../base/index.ts';
import type { ManifestThread } from '../manifests/index.ts';
import type { Container, Manifest, ResourceId } from '../resource/index.ts';

/** What planning needs to know of a workload as it runs. */
export interface RunningWorkload {
  readonly id: ResourceId;
  /** Containers, then init containers; images as written. */
  readonly containers: readonly Container[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Asks the cluster which workloads run. */
export interface WorkloadLookup {
  /** The workloads with these ids; those that do not run, or may not be seen, are missing from the answer. */
  workloads(
    filter: { readonly ids: readonly ResourceId[] },
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly RunningWorkload[]>;
}

/** What a registry says about one tag, as far as planning cares. */
export interface KnownImage {
  /** Digest of the image manifest (of one platform, when the tag names an index). */
  readonly digest?: string;
  /** Digest of the index, when the tag names one. */
  readonly indexDigest?: string;
  /** Milliseconds since the epoch; absent when the image does not say. */
  readonly createdAt?: number;
  /** Nanoseconds beyond that millisecond; absent for none. */
  readonly createdNs?: number;
  /** Set when the tag cannot be read; such an image is never chosen. */
  readonly error?: Error;
}

export interface KnownRepository {
  readonly tags: readonly string[];
  /** By tag; a tag that is absent has not been asked about yet. */
  readonly images: ReadonlyMap<string, KnownImage>;
  /** When the tags were listed last, milliseconds since the epoch; absent before the first time. */
  readonly scannedAt?: number;
  /** Why the last look at the registry failed; the tags are those of the one before. */
  readonly error?: FluxError;
}

/** Asks what the registries are known to hold. */
export interface ImageLookup {
  /** By canonical name; undefined when nothing is known of it. */
  repository(name: string): KnownRepository | undefined;
  /** Asks the registry anew before an image is called missing. Unknown names do nothing. */
  scanNow(name: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** What an update is planned on: one revision of the repository, and whom to ask about the rest of the world. */
export interface UpdateContext {
  /** Every manifest of the revision by its effective id (after namespace defaulting). */
  readonly manifests: ReadonlyMap<ResourceId, Manifest>;
  /** Text of a file of the same revision. */
  readonly readFile: (path: string) => Promise<string>;
  readonly workloads: WorkloadLookup;
  readonly images: ImageLookup;
  /** Changes long files. Default: one of its own. */
  readonly thread?: ManifestThread;
  /** Told how long each stage took. */
  readonly timed?: Timed;
  readonly signal?: AbortSignal;
}

/** The stages of an update that changes images, in Flux v1's words. */
export type Stage = 'select_workloads' | 'lookup_images' | 'write_changes' | 'verify_changes';

/** Does the work, and measures it. */
export type Timed = <T>(stage: Stage, work: () => Promise<T>) => Promise<T>;

export const untimed: Timed = (_stage, work) => work();

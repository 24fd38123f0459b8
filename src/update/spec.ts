import type { ResourceId } from '../resource/index.ts';

// These types are Flux v1's JSON, including keys: they are written unchanged to Git notes and to the HTTP API.

export interface Cause {
  readonly Message: string;
  readonly User: string;
}

/** `fluxctl release`. `ServiceSpecs` holds ids or `<all>`; `ImageSpec` is a reference or `<all latest>`. */
export interface ReleaseImageSpec {
  readonly ServiceSpecs: readonly string[];
  readonly ImageSpec: string;
  /** `plan` only plans, `execute` commits; any other value only plans (Flux v1). */
  readonly Kind: string;
  readonly Excludes: readonly string[] | null;
  readonly Force: boolean;
  /** Tag pattern for this release, in place of those of the workloads. Flux v1 has no such key. */
  readonly TagFilter?: string;
  /** Pin the images to the digests of their tags. Flux v1 has no such key. */
  readonly PinDigest?: boolean;
  /** Release images without regard to their signatures. Flux v1 has no such key. */
  readonly SkipVerify?: boolean;
}

export interface ContainerUpdate {
  readonly Container: string;
  readonly Current: string;
  readonly Target: string;
}

/** Posted by an interactive release: exact containers. Without `Current`, the running image is not compared. */
export interface ReleaseContainersSpec {
  readonly Kind: string;
  readonly ContainerSpecs: Readonly<
    Record<ResourceId, readonly (Omit<ContainerUpdate, 'Current'> & { readonly Current?: string })[]>
  >;
  readonly SkipMismatches: boolean;
  readonly Force: boolean;
  /** As in `ReleaseImageSpec`. */
  readonly SkipVerify?: boolean;
  /** Refuse the release unless each container gets its image, or has it. Flux v1 has no such key. */
  readonly RequireAll?: true;
  /** Bans to add in the same commit, by workload and container, in the form of the policy. Flux v1 has no such key. */
  readonly Bans?: Readonly<Record<ResourceId, Readonly<Record<string, string>>>>;
  /** Set if a rollback asked for it. Flux v1 has no such key. */
  readonly Rollback?: true;
}

/** `fluxctl rollback`. Flux v1 has no such update; it is recorded as one of containers. */
export interface RollbackSpec {
  /** `plan` only plans, `execute` commits. */
  readonly Kind: string;
  readonly Workload: ResourceId;
  /** Empty: every container that the last change changed. */
  readonly Container: string;
  /** A tag; empty for the image before. */
  readonly To: string;
  readonly Force: boolean;
  /** As in `ReleaseImageSpec`. */
  readonly SkipVerify?: boolean;
  /** The updates that a dry run showed: a rollback that would now make others is refused. */
  readonly Expected?: readonly ContainerUpdate[];
}

/** Policies to add and to remove, by workload, with names without prefix. */
export type PolicySpec = Readonly<
  Record<
    ResourceId,
    { readonly add: Readonly<Record<string, string>> | null; readonly remove: Readonly<Record<string, string>> | null }
  >
>;

/** Created by the daemon when a newer image appears, or to revert such an update. */
export interface AutomatedSpec {
  readonly Changes: readonly {
    readonly WorkloadID: ResourceId;
    readonly Container: { readonly Name: string; readonly Image: string };
    readonly ImageID: string;
    /** Whether the workload ran this image and was ready, when the change was planned. Flux v1 has no such key. */
    readonly WasReady?: boolean;
    /** Of the image that failed, as it ran, in a revert. Flux v1 has no such key. */
    readonly Digest?: string;
  }[];
  /** Set if the changes put images back. Flux v1 has no such key. */
  readonly Revert?: RevertSpec;
}

/** An automated update that is reverted. */
export interface RevertSpec {
  readonly Commit: string;
  /** Why, by workload. */
  readonly Reasons: Readonly<Record<ResourceId, string>>;
}

export type UpdateSpec =
  | { readonly type: 'image'; readonly cause: Cause; readonly spec: ReleaseImageSpec }
  | { readonly type: 'containers'; readonly cause: Cause; readonly spec: ReleaseContainersSpec }
  | { readonly type: 'rollback'; readonly cause: Cause; readonly spec: RollbackSpec }
  | { readonly type: 'policy'; readonly cause: Cause; readonly spec: PolicySpec }
  | { readonly type: 'auto'; readonly cause: Cause; readonly spec: AutomatedSpec }
  | { readonly type: 'sync'; readonly cause: Cause; readonly spec: Record<string, never> };

export type UpdateStatus = 'success' | 'failed' | 'skipped' | 'ignored' | 'unknown';

/** The result of an update for one workload. */
export interface WorkloadResult {
  readonly Status: UpdateStatus;
  readonly Error?: string;
  readonly PerContainer: readonly ContainerUpdate[] | null;
}

/** By resource id; written with sorted keys. */
export type UpdateResult = Readonly<Record<ResourceId, WorkloadResult>>;

import type { ResourceId } from '../resource/index.ts';

/** Flux v1's JSON for the result of an update, by workload. */
export type EventResult = Readonly<
  Record<
    ResourceId,
    {
      readonly Status: string;
      readonly Error?: string;
      readonly PerContainer: readonly { readonly Container: string; readonly Current: string; readonly Target: string }[] | null;
    }
  >
>;

export interface EventCause {
  readonly Message: string;
  readonly User: string;
}

/** Metadata of each event type. The first four types are Flux v1's, including keys; the others are ours. */
export interface EventMetadata {
  /** A job pushed a commit. */
  readonly commit: { readonly revision?: string; readonly spec: unknown; readonly result?: EventResult };
  /** A revision was applied for the first time, or with different errors than before. */
  readonly sync: {
    /** Newest first; empty if only the errors changed. */
    readonly commits: readonly { readonly revision: string; readonly message: string }[];
    readonly includes: Readonly<Record<string, true>>;
    readonly errors?: readonly { readonly ID: ResourceId; readonly Path: string; readonly Error: string }[];
    readonly initialSync?: true;
  };
  /** A synced commit was made by a requested release. */
  readonly release: {
    readonly Revision: string;
    readonly result: EventResult;
    readonly error?: string;
    readonly spec: {
      readonly Type: 'releaseImageSpecType' | 'releaseContainersSpecType';
      readonly ReleaseImageSpec: unknown;
      readonly ReleaseContainersSpec: unknown;
    };
    readonly cause: EventCause;
  };
  /** A synced commit was made because of a newer image. */
  readonly autorelease: {
    readonly Revision: string;
    readonly result: EventResult;
    readonly error?: string;
    readonly spec: unknown;
  };
  /** Changes in the cluster were corrected. */
  readonly drift_corrected: { readonly revision: string; readonly corrections: readonly ObjectReason[] };
  /** A commit, or the tag that is followed, has no valid signature, so it and what follows it are not synced; sent once for each. */
  readonly commit_refused: {
    readonly accepted?: string;
    readonly head: string;
    readonly commit: string;
    readonly tag?: string;
    readonly why: string;
    readonly key: string;
    readonly signer: string;
    /** How many commits wait, itself included. */
    readonly commits: number;
  };
  /** Objects were removed from Git but not deleted; sent when the list changes. */
  readonly deletions_held: { readonly revision: string; readonly hash?: string; readonly deletions: readonly ObjectReason[] };
}
export type EventType = keyof EventMetadata;

export interface ObjectReason {
  readonly id: ResourceId;
  readonly reason: string;
}

interface EventOf<Type extends EventType> {
  readonly type: Type;
  /** The objects concerned, sorted. */
  readonly objects: readonly ResourceId[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly metadata: EventMetadata[Type];
}

/** An event of the daemon. */
export type FluxEvent = { readonly [Type in EventType]: EventOf<Type> }[EventType];

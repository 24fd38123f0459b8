import type { ResourceId } from '../resource/index.ts';

/** Flux v1's JSON of what an update did, by workload. */
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

/** What each type of event says beyond its envelope. The first four are Flux v1's, keys included; the others are ours. */
export interface EventMetadata {
  /** A job has pushed a commit. */
  readonly commit: { readonly revision?: string; readonly spec: unknown; readonly result?: EventResult };
  /** A revision was applied: for the first time, or with other trouble than before. */
  readonly sync: {
    /** Newest first; empty when only the trouble changed. */
    readonly commits: readonly { readonly revision: string; readonly message: string }[];
    readonly includes: Readonly<Record<string, true>>;
    readonly errors?: readonly { readonly ID: ResourceId; readonly Path: string; readonly Error: string }[];
    readonly initialSync?: true;
  };
  /** A commit that was synced came from a release that somebody asked for. */
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
  /** A commit that was synced was made because of a newer image. */
  readonly autorelease: {
    readonly Revision: string;
    readonly result: EventResult;
    readonly error?: string;
    readonly spec: unknown;
  };
  /** What somebody changed in the cluster was put right. */
  readonly drift_corrected: { readonly revision: string; readonly corrections: readonly ObjectReason[] };
  /** Objects are gone from Git and were not deleted; told when the list changes. */
  readonly deletions_held: { readonly revision: string; readonly hash?: string; readonly deletions: readonly ObjectReason[] };
}
export type EventType = keyof EventMetadata;

export interface ObjectReason {
  readonly id: ResourceId;
  readonly reason: string;
}

interface EventOf<Type extends EventType> {
  readonly type: Type;
  /** The objects it is about, sorted. */
  readonly objects: readonly ResourceId[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly metadata: EventMetadata[Type];
}

/** Something that happened, for whoever wants to hear of it. */
export type FluxEvent = { readonly [Type in EventType]: EventOf<Type> }[EventType];

import type { Cancellable } from '../../base/index.ts';
import type { LiveObjectReport, LivePodsReport, LogPiece, LogQuery, ShownManifest } from '../../change/index.ts';
import type { ResourceId, ResourceRight } from '../../resource/index.ts';

/** An object of Git that a person looks at. */
export interface LiveQuestion {
  readonly id: ResourceId;
  /** As it may be shown. */
  readonly desired: ShownManifest;
  /** Throws unless this person has the right; called before each read of the cluster. */
  readonly permit: (right: ResourceRight) => Promise<void>;
}

/** The log of a container of a workload of Git. */
export interface LogQuestion extends LiveQuestion, LogQuery {}

/** What people look at in the cluster, each with their own rights. */
export interface LiveReads {
  /**
   * An object beside its manifest, field by field, with who owns each field, and the Events about it. Nothing of a Secret or a
   * confidential object but names of fields.
   * @throws FluxError `cluster/unknown-kind`, `cluster/not-allowed`, `cluster/forbidden`, those of `permit` …
   */
  object(question: LiveQuestion, options?: Cancellable): Promise<LiveObjectReport>;
  /**
   * The pods of a workload, with what their containers use, request and may use.
   * @throws FluxError `live/no-pods` for what has none, those of `object` …
   */
  pods(question: LiveQuestion, options?: Cancellable): Promise<LivePodsReport>;
  /**
   * The log of a container, piece by piece as it is taken. The pieces end with one of type `end`, or when the signal aborts, or throw.
   * @throws FluxError `live/no-pod` for a pod that is not of the workload, `live/no-container`, those of `pods` …
   */
  logs(question: LogQuestion, options: Required<Cancellable>): Promise<AsyncIterable<LogPiece>>;
}

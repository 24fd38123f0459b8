import type { Cancellable } from '../../base/index.ts';
import type { LiveObjectReport, ShownManifest } from '../../change/index.ts';
import type { ResourceId, ResourceRight } from '../../resource/index.ts';

/** An object of Git that a person looks at. */
export interface LiveQuestion {
  readonly id: ResourceId;
  /** As it may be shown. */
  readonly desired: ShownManifest;
  /** Throws unless this person has the right; called before each read of the cluster. */
  readonly permit: (right: ResourceRight) => Promise<void>;
}

/** What people look at in the cluster, each with their own rights. */
export interface LiveReads {
  /**
   * An object beside its manifest, field by field, with who owns each field, and the Events about it. Nothing of a Secret or a
   * confidential object but names of fields.
   * @throws FluxError `cluster/unknown-kind`, `cluster/not-allowed`, `cluster/forbidden`, those of `permit` …
   */
  object(question: LiveQuestion, options?: Cancellable): Promise<LiveObjectReport>;
}

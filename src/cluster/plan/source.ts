import type { Cancellable } from '../../base/index.ts';
import type { DesiredState } from '../../resource/index.ts';

/** A source of this process, as the cluster knows it. */
export interface ClusterSource {
  /** Flux v1's sync-set name; keys its marks. */
  readonly syncSet: string;
  /** Its name in messages about other sources. */
  readonly name: string;
  /** Checked before each write for this source, and open while this process may write. @throws FluxError `lease/not-held`. */
  readonly fence: { readonly check: () => void; readonly isOpen: boolean };
  /** Called if a sync of this source may change something: drift, a lost watch, an object that another source gave up, or a dependency that became healthy. */
  readonly onDrift: () => void;
  /** Fetches, and reads what the source wants now. */
  readonly desired: (options?: Cancellable) => Promise<DesiredState>;
}

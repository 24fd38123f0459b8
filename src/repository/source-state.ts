import type { FluxError } from '../base/index.ts';

/** Flux v1's states of the repository, as `fluxctl` shows them. */
export type SourceStatus = 'unconfigured' | 'new' | 'cloned' | 'ready' | 'unreachable';

/** Whether the repository can be read and written. */
export interface SourceState {
  readonly status: SourceStatus;
  /** Why it is not ready. */
  readonly error?: FluxError;
}

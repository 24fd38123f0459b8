import type { FluxError } from '../base/index.ts';

/** The cache that remembers image metadata over restarts, while it fails. */
export interface RegistryCacheFailure {
  /** In milliseconds since the epoch. */
  readonly since: number;
  readonly error: FluxError;
}

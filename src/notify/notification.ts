import type { Cancellable } from '../base/index.ts';
import type { Change } from '../change/index.ts';
import type { FluxEvent } from '../record/index.ts';

/** What a sync or a job reports, all at once. */
export interface Notification {
  /** The name of the source; absent if the daemon has one. */
  readonly source?: string;
  /** In the order in which they happened. */
  readonly events: readonly FluxEvent[];
  /** The sync, with the outcome of each object; absent for a job. */
  readonly sync?: { readonly revision: string; readonly changes: readonly Change[] };
}

/** A receiver of notifications. */
export interface Sink {
  /** For the log. */
  readonly name: string;
  /**
   * Receives one notification at a time, in order. A sink that needs time returns a promise, and stops when the signal aborts. What it
   * throws is logged, and the notification is not repeated.
   */
  receive(notification: Notification, options: Required<Cancellable>): void | Promise<void>;
}

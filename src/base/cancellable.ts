/** Options of everything that can take long: it stops when the signal aborts. */
export interface Cancellable {
  readonly signal?: AbortSignal;
}

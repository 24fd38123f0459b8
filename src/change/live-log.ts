/** What is read of the log of a container. */
export interface LogQuery {
  readonly pod: string;
  readonly container: string;
  /** The container before the last restart. */
  readonly previous: boolean;
  /** Lines that come later as well. */
  readonly follow: boolean;
  /** At most so many of the last lines. */
  readonly tailLines?: number;
  /** RFC 3339. Kubernetes takes whole seconds, so lines of the same second come again. */
  readonly sinceTime?: string;
}

/**
 * Why no more lines come. `ended`: the log has no more, or its container ended. `renew`: the time of one reading is over. `limit`: the
 * bytes of one reading are.
 */
export type LogEnd = 'ended' | 'renew' | 'limit';

/** A piece of a log. Lines are whole, each after its time in RFC 3339 and a blank; they have no control characters. */
export type LogPiece =
  | { readonly type: 'lines'; readonly lines: readonly string[] }
  | { readonly type: 'end'; readonly reason: LogEnd };

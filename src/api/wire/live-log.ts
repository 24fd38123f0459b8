import * as z from 'zod';

/** Most lines that a request may ask for from the end of a log. */
export const MAX_TAIL_LINES = 50_000;
/** Lines from the end of a log, where a request names neither a number nor a time. */
export const TAIL_LINES = 1_000;

/** Data of an event `lines` of `GET /api/v1/live/logs`. */
export const logLinesSchema = z.object({
  /** Each after its time in RFC 3339 and a blank; without control characters, and at most 16 KiB. */
  lines: z.array(z.string()),
});
export type LogLinesWire = z.infer<typeof logLinesSchema>;

/** Data of the last event, `end`. */
export const logEndSchema = z.object({
  /**
   * ended: the log has no more lines, or its container ended. renew: half a minute is over; go on with `sinceTime`. limit: 8 MiB were sent.
   * failed: Kubernetes does not give the log.
   */
  reason: z.string(),
  /** Why it failed. */
  problem: z.object({ detail: z.string(), code: z.string(), help: z.string().optional() }).optional(),
});
export type LogEndWire = z.infer<typeof logEndSchema>;

import * as z from 'zod';
import { errorSchema } from './sync.ts';

/** `GET /api/v1/history`: syncs of the past, newest first. Times are RFC 3339 in UTC. */
export const historySchema = z.object({
  syncs: z.array(
    z.object({
      revision: z.string(),
      /** Where the sync tag stood before. */
      previous: z.string().optional(),
      startedAt: z.string(),
      durationMs: z.number().optional(),
      /** Name and version of the daemon that did it. */
      daemon: z.string().optional(),
      /** Objects by outcome, unchanged ones included. */
      counts: z.record(z.string(), z.number()),
      changes: z.array(
        z.object({
          id: z.string().optional(),
          outcome: z.string(),
          /** `file:line`. */
          place: z.string().optional(),
          reason: z.string().optional(),
        }),
      ),
      /** Image updates that came with the revision. */
      imageUpdates: z.array(
        z.object({ commit: z.string(), workload: z.string(), container: z.string(), from: z.string(), to: z.string() }),
      ),
      /** How many changes were left out to keep the record small. */
      omitted: z.number().optional(),
      /** Set when the sync came to nothing. */
      failure: errorSchema.optional(),
    }),
  ),
  /** Cursor of the next page; absent on the last. A page may hold fewer than asked for, even none, and still have a next one. */
  next: z.string().optional(),
});
export type HistoryWire = z.infer<typeof historySchema>;

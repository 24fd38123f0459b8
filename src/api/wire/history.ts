import * as z from 'zod';
import { errorSchema } from './sync.ts';

/** `GET /api/v1/history`: recent syncs, newest first. Times are RFC 3339 in UTC. */
export const historySchema = z.object({
  syncs: z.array(
    z.object({
      revision: z.string(),
      /** The revision of the sync tag before. */
      previous: z.string().optional(),
      startedAt: z.string(),
      durationMs: z.number().optional(),
      /** Name and version of the daemon. */
      daemon: z.string().optional(),
      /** Number of objects by outcome, including unchanged ones. */
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
      /** Number of changes omitted to keep the record small. */
      omitted: z.number().optional(),
      /** Set if the sync failed as a whole. */
      failure: errorSchema.optional(),
    }),
  ),
  /** Cursor of the next page; absent on the last. A page may have fewer entries than the limit, even none, and still have a next one. */
  next: z.string().optional(),
});
export type HistoryWire = z.infer<typeof historySchema>;

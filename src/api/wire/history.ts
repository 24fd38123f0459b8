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
      /** What became of the workloads that the sync created or changed, by id; absent until it is known of all. */
      health: z
        .record(
          z.string(),
          z.object({
            state: z.enum(['healthy', 'failed', 'unknown']),
            /** The image of each container in the revision. */
            images: z.record(z.string(), z.string()),
            /** Why it is not healthy. */
            reason: z.string().optional(),
          }),
        )
        .optional(),
      /** Set if the sync failed as a whole. */
      failure: errorSchema.optional(),
    }),
  ),
  /** Cursor of the next page; absent on the last. A page may have fewer entries than the limit, even none, and still have a next one. */
  next: z.string().optional(),
  /** Set where fluxd keeps its records in memory, so that those of an earlier process are missing. */
  inMemory: z.literal(true).optional(),
});
export type HistoryWire = z.infer<typeof historySchema>;

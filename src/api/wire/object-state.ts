import * as z from 'zod';
import { errorSchema, placeSchema } from './sync.ts';

/** What `GET /api/v1/objects?state=` can ask for. */
export const OBJECT_STATES = ['synced', 'waiting', 'skipped', 'held', 'failed', 'refused'] as const;

/** `GET /api/v1/objects`: where the objects of the repository stand since the last sync. Times are RFC 3339 in UTC. */
export const objectStatesSchema = z.object({
  /** Of the last sync; absent before the first. */
  revision: z.string().optional(),
  syncedAt: z.string().optional(),
  /** Set while syncs come to nothing at all; the objects are as the last one that ran left them. */
  failure: errorSchema.optional(),
  objects: z.array(
    z.object({
      /** Absent for a refused document that names no object. */
      id: z.string().optional(),
      /** synced, waiting, skipped, held, failed or refused; a newer daemon may know more. */
      state: z.string(),
      /** Since when it is so, for this reason; for a synced object, when it was last written. */
      since: z.string(),
      place: placeSchema.partial().optional(),
      reason: z.string().optional(),
      error: errorSchema.optional(),
    }),
  ),
  /** Cursor of the next page; absent on the last. */
  next: z.string().optional(),
});
export type ObjectStatesWire = z.infer<typeof objectStatesSchema>;

import * as z from 'zod';
import { errorSchema, placeSchema, sourceNameSchema, unverifiedSchema } from './sync.ts';

/** The values of `GET /api/v1/objects?state=`. */
export const OBJECT_STATES = ['synced', 'waiting', 'skipped', 'held', 'failed', 'refused'] as const;

/** `GET /api/v1/objects`: the state of the objects of the repository since the last sync. Times are RFC 3339 in UTC. */
export const objectStatesSchema = z.object({
  /** Revision of the last sync; absent before the first. */
  revision: z.string().optional(),
  syncedAt: z.string().optional(),
  /** What each source follows, at which accepted revision; absent from older daemons. */
  follows: z
    .array(
      z.object({
        source: sourceNameSchema,
        /** A branch, or a tag or commit in words: `tag v1.4.11 (semver:~1.4)`. */
        name: z.string(),
        /** Absent while nothing is accepted. */
        revision: z.string().optional(),
      }),
    )
    .optional(),
  /** Set while syncs fail as a whole; the objects are in the state of the last sync that ran. */
  failure: errorSchema.optional(),
  /** Set while the head of the branch, or the tag that is followed, is not verified. */
  unverified: unverifiedSchema.optional(),
  objects: z.array(
    z.object({
      /** Absent for a refused document that does not name an object. */
      id: z.string().optional(),
      source: sourceNameSchema,
      /** synced, waiting, skipped, held, failed or refused; a newer daemon may know more. */
      state: z.string(),
      /** When this state began, for this reason; for a synced object, the time of the last write. */
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

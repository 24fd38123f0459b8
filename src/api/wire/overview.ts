import * as z from 'zod';

/** `GET /api/v1/overview`: the sources at a glance, and what is wrong. Times are RFC 3339 in UTC. */
export const overviewSchema = z.object({
  /** Version of the daemon. */
  version: z.string(),
  sources: z.array(
    z.object({
      name: z.string(),
      /** Without credentials. */
      url: z.string(),
      /** A branch, or a tag or commit in words. */
      follows: z.string(),
      ready: z.boolean(),
      /** Revision and time of the last sync; absent before the first. */
      revision: z.string().optional(),
      syncedAt: z.string().optional(),
      /** The commit of that revision; absent if it cannot be read. */
      commit: z.object({ subject: z.string(), author: z.string(), at: z.string() }).optional(),
      /** Number of objects by state: synced, waiting, skipped, held, failed, refused; a newer daemon may know more. */
      counts: z.record(z.string(), z.number()),
      /** Number of objects by health; absent before the first sync. */
      health: z.object({ settled: z.boolean(), counts: z.record(z.string(), z.number()) }).optional(),
      heldDeletions: z.number(),
      /** Images of automated containers that are newer and allowed, and not committed yet: how many, by the code of the reason. */
      imagesWaiting: z.record(z.string(), z.number()),
      /** on or suspended. */
      automation: z.string(),
    }),
  ),
  /** What is wrong: the worst first, and of equal ones the newest. Objects with one cause are one entry. */
  troubles: z.array(
    z.object({
      /** The name of the situation: sync-failed, object-held, unhealthy; a newer daemon may know more. */
      code: z.string(),
      /** failed, held, unknown or waiting. */
      state: z.string(),
      text: z.string(),
      /** At most five of the objects that it is about. */
      objects: z.array(z.string()),
      /** Number of all of them. */
      count: z.number(),
      /** Where a document without a name is: a file with its line, or the unit that renders it. */
      place: z.string().optional(),
      source: z.string().optional(),
      since: z.string().optional(),
      /** What happens next, or what to do; `at` is absent if the time is not known. */
      next: z.object({ text: z.string(), at: z.string().optional() }).optional(),
    }),
  ),
  /** Number of entries that are left out. */
  omitted: z.number(),
});
export type OverviewWire = z.infer<typeof overviewSchema>;
export type TroubleWire = OverviewWire['troubles'][number];

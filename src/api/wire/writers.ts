import * as z from 'zod';

/** `GET /api/v1/writers`: who wrote what Flux v1 and fluxd both write in Git. Times are RFC 3339 in UTC. */
export const writersSchema = z.object({
  /** Absent when there is no such tag. */
  syncTag: z
    .object({
      name: z.string(),
      revision: z.string(),
      /** `fluxd`: a record of the sync came with it; `flux-v1`: it is alike, and none did; `other`: neither would have set it so. */
      by: z.enum(['fluxd', 'flux-v1', 'other']),
      /** Absent for a tag that is not annotated. */
      setAt: z.string().optional(),
      /** fluxd had recorded syncs in this repository before this tag was set. */
      afterRecords: z.boolean(),
    })
    .optional(),
  /** Job notes by who made the commit that they stand on. */
  jobNotes: z.object({ ref: z.string(), fluxd: z.number(), fluxV1: z.number() }),
});
export type WritersWire = z.infer<typeof writersSchema>;

import * as z from 'zod';

/** `GET /api/v1/writers`: which of Flux v1 and fluxd wrote the sync tag and the job notes. Times are RFC 3339 in UTC. */
export const writersSchema = z.object({
  /** Absent if there is no such tag. */
  syncTag: z
    .object({
      name: z.string(),
      revision: z.string(),
      /** `fluxd`: the tag has a sync record; `flux-v1`: it has the same form but no record; `other`: it has another form. */
      by: z.enum(['fluxd', 'flux-v1', 'other']),
      /** Absent for a lightweight tag. */
      setAt: z.string().optional(),
      /** Whether fluxd had recorded syncs in this repository before this tag was set. */
      afterRecords: z.boolean(),
    })
    .optional(),
  /** Number of job notes on commits of fluxd and of Flux v1. */
  jobNotes: z.object({ ref: z.string(), fluxd: z.number(), fluxV1: z.number() }),
});
export type WritersWire = z.infer<typeof writersSchema>;

import * as z from 'zod';

const deletionSchema = z.object({ id: z.string(), uid: z.string() });

/** `GET /api/v1/gc`: deletions held in the last sync. */
export const heldDeletionsSchema = z.object({
  /** Hash of the list that waits for approval; absent if none does. */
  hash: z.string().optional(),
  /** A uid is absent if the API server returned none. */
  deletions: z.array(z.object({ ...deletionSchema.partial({ uid: true }).shape, reason: z.string() })),
  /** Approved but not yet deleted. */
  approved: z.object({ hash: z.string(), deletions: z.array(deletionSchema).readonly() }).optional(),
  /** Objects that are not in Git and have the mark of another Flux, or of this one with another URL, branch or path. Left alone. */
  orphans: z
    .array(deletionSchema.partial({ uid: true }))
    .readonly()
    .optional(),
});
export type HeldDeletionsWire = z.infer<typeof heldDeletionsSchema>;

/** The body of `POST /api/v1/gc/orphan-deletions`. */
export const orphanDeletionSchema = z.strictObject({ orphans: z.array(deletionSchema.strict()).min(1).readonly() });

/** Hashes of lists, joined by dots: several sources have one each. */
const HASHES = /^[0-9a-f]{12,64}(?:\.[0-9a-f]{12,64})*$/;

/** The body of `POST /api/v1/gc/approvals`. */
export const approvalSchema = z.strictObject({ hash: z.string().refine((hash) => HASHES.test(hash)) });

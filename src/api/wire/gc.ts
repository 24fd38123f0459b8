import * as z from 'zod';

const deletionSchema = z.object({ id: z.string(), uid: z.string() });

/** `GET /api/v1/gc`: deletions that did not happen in the last sync. */
export const heldDeletionsSchema = z.object({
  /** Of the list that waits for an approval; absent when none does. */
  hash: z.string().optional(),
  /** A uid is absent when the API server stated none. */
  deletions: z.array(z.object({ ...deletionSchema.partial({ uid: true }).shape, reason: z.string() })),
  /** What is approved and not deleted yet. */
  approved: z.object({ hash: z.string(), deletions: z.array(deletionSchema).readonly() }).optional(),
  /** Not in Git, and with the mark of another Flux, or of this one under another URL, branch or path: left alone. */
  orphans: z
    .array(deletionSchema.partial({ uid: true }))
    .readonly()
    .optional(),
});
export type HeldDeletionsWire = z.infer<typeof heldDeletionsSchema>;

/** The body of `POST /api/v1/gc/orphan-deletions`. */
export const orphanDeletionSchema = z.strictObject({ orphans: z.array(deletionSchema.strict()).min(1).readonly() });

/** The body of `POST /api/v1/gc/approvals`. */
export const approvalSchema = z.strictObject({ hash: z.string().regex(/^[0-9a-f]{12,64}$/) });

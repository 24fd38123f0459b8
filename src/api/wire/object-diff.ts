import * as z from 'zod';
import { hiddenSchema } from './live.ts';
import { errorSchema, placeSchema } from './sync.ts';

const fieldSchema = z.object({
  /** `spec.template.spec.containers[name=web].image`. */
  path: z.string(),
  /** Absent for a new field, and where there are `lines`. */
  from: z.json().optional(),
  /** Absent for a removed field, and where there are `lines`. */
  to: z.json().optional(),
  /** Of two texts the lines that differ (`-`, `+`), some around them, and `…` in place of others. */
  lines: z.array(z.object({ sign: z.enum([' ', '-', '+']), text: z.string() })).optional(),
  /** The value is longer than what is sent. */
  isCut: z.boolean().optional(),
});

/** `GET /api/v1/objects/diff`: how an object of Git differs between two revisions that were synced. */
export const objectDiffSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('compared'),
    /** Where it is written; absent where the revision does not have it. */
    before: placeSchema.optional(),
    after: placeSchema.optional(),
    /** What was left out of the values. */
    hidden: hiddenSchema.optional(),
    /** None if both revisions have the same. */
    fields: z.array(fieldSchema),
    /** Whether there are more fields; without any, the object is too large to be compared. */
    isCut: z.boolean(),
  }),
  /** It is written in no file, so that its fields are not compared. */
  z.object({ state: z.literal('rendered'), place: placeSchema }),
  /** It may be in a file that cannot be read, or is encrypted. */
  z.object({ state: z.literal('unread'), revision: z.string(), file: z.string(), error: errorSchema }),
]);
export type ObjectDiffWire = z.infer<typeof objectDiffSchema>;

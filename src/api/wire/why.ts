import * as z from 'zod';

const nextSchema = z.object({
  text: z.string(),
  /** When, RFC 3339 in UTC; absent if that is not known. */
  at: z.string().optional(),
});

const linkSchema = z.object({
  /** place, policies, decision, registry, commit, sync or rollout; a newer daemon may know more. */
  kind: z.string(),
  /** The container that it is about, if it is about one. */
  container: z.string().optional(),
  /** ok, waiting, unknown, held or failed. */
  state: z.string(),
  /** The name of the situation: banned, immutable, crash-loop. */
  code: z.string(),
  text: z.string(),
  since: z.string().optional(),
  /** What else is known, in the order to read it. */
  facts: z.array(z.object({ name: z.string(), value: z.string() })),
});

/** `GET /api/v1/why`: why an object, an image or a file is as it is. Times are RFC 3339 in UTC. */
export const whySchema = z.object({
  /** The first cause, in one sentence. */
  answer: z.string(),
  /** ok, waiting, unknown, held or failed. */
  state: z.string(),
  /** The link and the situation that the answer is about: `decision/banned`; `ok` if nothing is wrong. */
  cause: z.string(),
  /** The object that the answer is about; absent for a refused document that does not name one. */
  id: z.string().optional(),
  container: z.string().optional(),
  source: z.string().optional(),
  /** What happens next, or what to do. */
  next: nextSchema.optional(),
  /** From Git to the pods. */
  links: z.array(linkSchema),
  /** The tags that were considered for each container, newest first, and what became of each. */
  tags: z.array(
    z.object({
      container: z.string(),
      tags: z.array(
        z.object({
          tag: z.string(),
          /** The name of the verdict: current, chosen, banned, not-newer; a newer daemon may know more. */
          code: z.string(),
          /** The end of a sentence that begins with the tag. */
          verdict: z.string(),
        }),
      ),
    }),
  ),
  /** The other objects that use the image or are in the file. */
  others: z.array(z.object({ id: z.string().optional(), container: z.string().optional(), state: z.string(), text: z.string() })),
});
export type WhyWire = z.infer<typeof whySchema>;

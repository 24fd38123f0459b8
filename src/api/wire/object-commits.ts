import * as z from 'zod';

/** `GET /api/v1/objects/commits`: the last commits of the file that an object is written in, newest first. */
export const objectCommitsSchema = z.object({
  /**
   * Where it is in the last revision that was read; absent for an object that is not written in a file, because it is rendered, or not in
   * the repository.
   */
  place: z.object({ revision: z.string(), file: z.string(), line: z.number() }).optional(),
  commits: z.array(
    z.object({
      revision: z.string(),
      subject: z.string(),
      author: z.string(),
      /** RFC 3339 in UTC. */
      at: z.string(),
    }),
  ),
  /** Whether there are more. */
  isCut: z.boolean(),
});
export type ObjectCommitsWire = z.infer<typeof objectCommitsSchema>;

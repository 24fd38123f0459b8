import * as z from 'zod';

/** `GET /api/v1/images/decisions`: what automation does with each container of the workloads in Git. */
export const imageDecisionsSchema = z.object({
  containers: z.array(
    z.object({
      id: z.string(),
      container: z.string(),
      source: z.string().optional(),
      /** The reference in Git. */
      image: z.string(),
      /** The pattern of its tags. */
      pattern: z.string(),
      automated: z.boolean(),
      /** current, update, waiting, held or unknown; a newer daemon may know more. */
      state: z.string(),
      /** The kind of reason: newest, newer, window, suspended; a newer daemon may know more. */
      code: z.string(),
      /** The reason in words. */
      text: z.string(),
      /** The newest tag that policies allow, if it is newer than the one in Git. */
      newest: z.string().optional(),
    }),
  ),
  /** Cursor of the next page; absent on the last one. */
  next: z.string().optional(),
});
export type ImageDecisionsWire = z.infer<typeof imageDecisionsSchema>;

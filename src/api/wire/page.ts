import * as z from 'zod';

/** `POST /api/v1/ui/codes` returns it, and `POST /api/v1/ui/sessions` takes it: a code that is valid once. */
export const pageCodeSchema = z.object({ code: z.string().max(100) });
export type PageCodeWire = z.infer<typeof pageCodeSchema>;

/** `GET /api/v1/ui/session`: what the page may do. */
export const pageRightsSchema = z.object({
  /** As --ui says; a Kubernetes token may have fewer rights. */
  may: z.enum(['read-only', 'full']),
  /** The user of the Kubernetes token; absent over loopback. */
  user: z.string().optional(),
});
export type PageRightsWire = z.infer<typeof pageRightsSchema>;

/** The answer of `POST /api/v1/ui/sessions`. */
export const pageSessionSchema = z.object({
  /** For `Authorization: Bearer`. */
  token: z.string(),
  may: pageRightsSchema.shape.may,
});
export type PageSessionWire = z.infer<typeof pageSessionSchema>;

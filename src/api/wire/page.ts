import * as z from 'zod';

/** `POST /api/v1/ui/codes` returns it, and `POST /api/v1/ui/sessions` takes it: a code that is valid once. */
export const pageCodeSchema = z.object({ code: z.string().max(100) });
export type PageCodeWire = z.infer<typeof pageCodeSchema>;

/** `GET /api/v1/ui/sign-in`: how one may sign in, besides with a Kubernetes token. */
export const signInWaysSchema = z.object({
  /** Absent where fluxd has no provider of OpenID Connect, and over loopback. */
  oidc: z.object({ issuer: z.string() }).optional(),
});
export type SignInWaysWire = z.infer<typeof signInWaysSchema>;

/** Of a random value of the page, or a hash of one, in base64url. */
const random = z.string().regex(/^[\w-]{32,128}$/);

/** The path at which the browser has the page, which a proxy may serve below one of its own: `/flux/ui/`; `/ui/` if absent. */
const pagePath = z
  .string()
  .regex(/^(?:\/[\w~-][\w.~-]{0,99}){0,9}\/ui\/$/)
  .optional();

/** `POST /api/v1/ui/oidc/requests`: what the page goes to the provider with. */
export const oidcRequestSchema = z.object({
  state: random,
  nonce: random,
  /** The SHA-256 of the verifier (S256 of RFC 7636). */
  challenge: random,
  page: pagePath,
});
/** The answer: where the browser goes. */
export const oidcRequestUrlSchema = z.object({ url: z.string() });
export type OidcRequestUrlWire = z.infer<typeof oidcRequestUrlSchema>;

/** `POST /api/v1/ui/oidc/sessions`: what the page comes back with. */
export const oidcAnswerSchema = z.object({
  code: z.string().min(1).max(8_000),
  verifier: random,
  nonce: random,
  /** The parameter `iss` of the answer, if it had one (RFC 9207). */
  issuer: z.string().max(2_000).optional(),
  page: pagePath,
});

/** `GET /api/v1/ui/session`: what the page may do. */
export const pageRightsSchema = z.object({
  /** As --ui says; a Kubernetes token may have fewer rights. */
  may: z.enum(['read-only', 'full']),
  /** The user of the Kubernetes token, or who signed in; absent over loopback. */
  user: z.string().optional(),
});
export type PageRightsWire = z.infer<typeof pageRightsSchema>;

/** The answer of `POST /api/v1/ui/sessions` and `POST /api/v1/ui/oidc/sessions`. */
export const pageSessionSchema = z.object({
  /** For `Authorization: Bearer`. */
  token: z.string(),
  may: pageRightsSchema.shape.may,
});
export type PageSessionWire = z.infer<typeof pageSessionSchema>;

/**
 * The HTTP API of Flux v1, `/api/flux/v6` to `/v11`, for its fluxctl and other clients: paths, bodies and errors are those of 1.25.
 * It makes no decisions: each route decodes the request, calls the daemon and encodes the response.
 */
export { deprecatedEndpoint, legacyError, unknownEndpoint } from './errors.ts';
export { LEGACY_PREFIX, legacyRoutes } from './routes.ts';

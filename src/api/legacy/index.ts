/**
 * The HTTP API of Flux v1, `/api/flux/v6` to `/v11`, as its fluxctl and other clients call it: paths, bodies and errors are
 * those of 1.25. Nothing is decided here; each route decodes, asks the daemon, and encodes.
 */
export { deprecatedEndpoint, legacyError, unknownEndpoint } from './errors.ts';
export { LEGACY_PREFIX, legacyRoutes } from './routes.ts';

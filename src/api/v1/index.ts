/** The new API, `/api/v1`: resources in camelCase JSON, errors as problem details (RFC 9457). */
export { diffRoutes } from './diffs.ts';
export { gcRoutes } from './gc.ts';
export { objectHealthRoutes } from './object-health.ts';
export { V1_PREFIX } from './prefix.ts';
export { problemReply } from './problem.ts';
export { syncRoutes } from './syncs.ts';

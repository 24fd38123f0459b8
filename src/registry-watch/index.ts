/**
 * Image metadata from registries. The *image watch* keeps the list of tags of every image repository that workloads use, and the
 * metadata to order them; when asked, it verifies the signatures of images. A *scan* lists tags first (one request if nothing is new)
 * and reads manifests only of tags whose creation time a policy needs; each digest is read once. Registries are untrusted: their
 * responses are bounded and validated, errors name them, and good data is never replaced by partial data.
 */

export { createDiskStore } from './cache/disk.ts';
export { createMemcachedStore } from './cache/memcached.ts';
export { findServersOf } from './cache/memcached-servers.ts';
export { createRedisStore } from './cache/redis.ts';
export { type ChartArchives, type ChartArchivesOptions, createChartArchives } from './charts/chart-archives.ts';
export type { ReadCore } from './credentials/index.ts';
export { checkRequired, type RequiredRegistry } from './require.ts';
export { type ImageSigners, openSigners } from './signatures/signers.ts';
export { createImageWatch, type ImageWatch } from './watch.ts';
export type { ImageWatchOptions } from './watch-options.ts';

/**
 * What the registries hold. The *image watch* keeps, for every image repository that workloads use, the list of its tags, and what
 * is needed to order them. A *scan* lists tags first (one request when nothing is new) and reads manifests only for tags whose
 * creation time a policy needs; digests are read once. Registries are untrusted: everything they send is bounded, checked and
 * named in an error, and good data is never replaced by a part of an answer.
 */

export type { PullSecrets, ReadCore } from './credentials/index.ts';
export type { ImageInfo, ImageRepository, ImageTarget } from './repository.ts';
export { createImageWatch, type ImageScan, type ImageWatch, type ImageWatchOptions } from './watch.ts';

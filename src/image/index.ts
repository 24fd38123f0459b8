/**
 * Images by name. A *reference* is the text in a manifest (`alpine:3.20`, `ghcr.io/acme/api@sha256:…`); its *name* is the repository
 * without tag and digest; the *canonical* form adds the parts that are optional for Docker Hub, so that two spellings of one image
 * compare equal. The *metadata* of an image repository is its tags, and what is known of each. A *target* is a repository to watch.
 * Data and pure functions; metadata is read from registries in another room.
 */

export { BUILD_TIME_LABELS, nanosecondsOf, parseImageTime } from './build-time.ts';
export { canonicalName, canonicalRef, sameImage } from './canonical.ts';
export type { ImageInfo, ImageRepository, ImageScan } from './metadata.ts';
export { type ImageOrigin, originOf } from './origin.ts';
export { formatImageRef, formatName, type ImageRef, parseImageRef, tryParseImageRef, withTag } from './ref.ts';
export type { RegistryCacheFailure } from './registry-cache.ts';
export type { RegistryBudget, RegistryHost } from './registry-host.ts';
export { type ImageTarget, mergeTargets, type PullSecrets } from './target.ts';
export { type Verification, verificationKey } from './verification.ts';

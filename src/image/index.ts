/**
 * Image names. A *reference* is the text in a manifest (`alpine:3.20`, `ghcr.io/acme/api@sha256:…`); its *name* is the repository
 * without tag and digest; the *canonical* form adds the parts that are optional for Docker Hub, so that two spellings of one image
 * compare equal. Pure functions; image metadata is read in another room.
 */

export { BUILD_TIME_LABELS, nanosecondsOf, parseImageTime } from './build-time.ts';
export { canonicalName, canonicalRef, sameImage } from './canonical.ts';
export { formatImageRef, formatName, type ImageRef, parseImageRef, tryParseImageRef, withTag } from './ref.ts';

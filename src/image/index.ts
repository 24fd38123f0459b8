/**
 * What images are called. A *reference* is what a manifest writes (`alpine:3.20`, `ghcr.io/acme/api@sha256:…`); its *name* is the
 * repository without tag and digest; the *canonical* form spells out what Docker Hub lets people leave out, so that two spellings
 * of one image compare equal. Pure functions; what a registry knows about an image is read elsewhere.
 */

export { BUILD_TIME_LABELS, nanosecondsOf, parseImageTime } from './build-time.ts';
export { canonicalName, canonicalRef, sameImage } from './canonical.ts';
export { formatImageRef, formatName, type ImageRef, parseImageRef, tryParseImageRef, withTag } from './ref.ts';

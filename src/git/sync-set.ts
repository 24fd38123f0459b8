import { createHash } from 'node:crypto';

/**
 * Flux v1's name of a sync set: base64url(SHA-256(safe URL + branch + paths …)), joined without separators. The garbage-collection marks
 * of objects are derived from it, so it must never change.
 */
export function syncSetName(source: {
  readonly safeUrl: string;
  readonly branch: string;
  readonly paths: readonly string[];
}): string {
  return createHash('sha256')
    .update(source.safeUrl + source.branch + source.paths.join(''))
    .digest('base64url');
}

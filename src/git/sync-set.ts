import { createHash } from 'node:crypto';

/**
 * Flux v1's name of what one source syncs: base64url(SHA-256(safe URL + branch + paths …)), joined without separators. Every
 * object's garbage-collection mark is derived from it, so its spelling can never change.
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

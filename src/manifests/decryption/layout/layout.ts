import { FluxError } from '../../../base/index.ts';
import type { WrittenMetadata } from '../metadata.ts';

/** A file of which it is known where sops wrote about it. */
export interface Layout {
  /** What is written there, not checked yet. */
  readonly metadata: unknown;
  /** The file with other metadata in all of these places, and nothing else that sops could take for them. */
  with(metadata: WrittenMetadata): string;
  /** The file without them; in JSON, null is in their place. */
  without(): string;
}

/** More is no metadata: those for 100 keys of PGP take less. */
export const MAX_METADATA_LENGTH = 256 << 10;

/** The longest text, in characters, that is looked into on the event loop. */
export const MAX_INLINE_LENGTH = 16 << 10;

/** The error for metadata that are not as sops writes them. */
export function badMetadata(path: string, why: string): FluxError {
  return new FluxError(`${path} cannot be decrypted: ${why}`, {
    code: 'decryption/bad-metadata',
    fault: 'user',
    help: 'Where sops wrote about the file, it was edited or merged. Encrypt the file again, or restore it from an earlier commit. Nothing is deleted meanwhile.',
  });
}

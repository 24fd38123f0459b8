import type { Cancellable } from '../../base/index.ts';

/** A file of a repository whose content may be encrypted by SOPS. */
export interface EncryptedFile {
  /** Relative to the root of the repository. Its extension says how the content is written, as for sops: YAML, JSON, dotenv, INI or bytes. */
  readonly path: string;
  readonly content: Buffer;
}

/** Turns encrypted files into clear content, which exists in memory alone. */
export interface Decrypter {
  /** Whether content may be encrypted. It parses nothing: a false yes costs a look by `decrypt`, and there is no false no. */
  mayBeEncrypted(content: Buffer): boolean;
  /**
   * The clear content; undefined if the file is not encrypted after all, so that it is taken as it is. No error has any of its content.
   * @throws the signal's reason; FluxError `decryption/no-key` if fluxd has none of the keys that the file is encrypted for,
   * `decryption/service-not-allowed` if only key services have them that no flag allows, `decryption/bad-metadata` if what sops wrote about
   * the file was changed, `decryption/bad-mac` if its values were, `decryption/failed`, `decryption/timed-out`, `decryption/too-large`
   */
  decrypt(file: EncryptedFile, cancel: Cancellable): Promise<Buffer | undefined>;
}

/** Decrypts what git-secret hides, which is all encrypted. */
export interface HiddenFiles {
  /** @throws as `Decrypter` does */
  decrypt(file: EncryptedFile, cancel: Cancellable): Promise<Buffer>;
}

const METADATA = Buffer.from('sops');
const VALUE = Buffer.from('ENC[AES256_GCM,');

/** Whether content has what every encrypted file has: the name of its metadata, and their encrypted checksum. */
export function mayBeEncrypted(content: Buffer): boolean {
  return content.includes(VALUE) && content.includes(METADATA);
}

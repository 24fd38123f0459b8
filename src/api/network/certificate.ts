import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { type Clock, type Logger, messageOf } from '../../base/index.ts';

/** Where the certificate (with its chain) and its private key lie, PEM. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly files: TlsFiles;
  readonly clock: Clock;
  readonly log: Logger;
  readonly read?: (path: string) => Promise<string>;
}

/** Files are looked at again when the last look is older than this, ms. */
const LOOK_AGAIN_MS = 10_000;

/**
 * The certificate as its files have it: they are read again as time goes by, since whoever renews certificates (cert-manager, the
 * kubelet) changes them in place. The same pair is the same object. A pair that cannot be read, or does not belong together because
 * only one half is written yet, leaves the former in use; undefined while there has been none.
 */
export function createCertificate({
  files,
  clock,
  log,
  read = readText,
}: CertificateOptions): () => Promise<KeyPair | undefined> {
  let pair: KeyPair | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  let trouble = '';

  async function look(): Promise<void> {
    try {
      const [cert, key] = await Promise.all([read(files.certFile), read(files.keyFile)]);
      if (cert !== pair?.cert || key !== pair.key) {
        // Throws unless both can be parsed and belong together.
        createSecureContext({ cert, key });
        pair = { cert, key };
        log.info({ file: files.certFile, validUntil: new X509Certificate(cert).validTo }, 'tls certificate loaded');
      }
      trouble = '';
    } catch (error) {
      const message = messageOf(error);
      if (message !== trouble) log.error({ ...files, err: message }, 'tls certificate cannot be used; the former one stays');
      trouble = message;
    }
  }

  return async () => {
    if (clock.monotonic() - lookedAt >= LOOK_AGAIN_MS) {
      lookedAt = clock.monotonic();
      looking = look();
    }
    // With a pair at hand nobody waits for the disk.
    if (pair === undefined) await looking;
    return pair;
  };
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { type Clock, type Logger, messageOf } from '../../base/index.ts';

/** Paths of the certificate chain and the private key, PEM. */
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

/** Interval for reloading the files, in milliseconds. */
const LOOK_AGAIN_MS = 10_000;

/**
 * The current certificate of the files, which are reloaded regularly, since cert-manager and the kubelet renew certificates in place.
 * An unchanged pair is the same object. If a pair cannot be read or does not match, because only one file has been written yet, the
 * previous pair stays in use. Undefined before the first valid pair.
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
        const validUntil = checkPair({ cert, key });
        pair = { cert, key };
        log.info({ file: files.certFile, validUntil }, 'tls certificate loaded');
      }
      trouble = '';
    } catch (error) {
      const message = messageOf(error);
      if (message !== trouble) log.error({ ...files, err: message }, 'tls certificate is invalid; keeping the previous one');
      trouble = message;
    }
  }

  return async () => {
    if (clock.monotonic() - lookedAt >= LOOK_AGAIN_MS) {
      lookedAt = clock.monotonic();
      looking = look();
    }
    // With a pair in memory, callers do not wait for the disk.
    if (pair === undefined) await looking;
    return pair;
  };
}

/**
 * Until when the certificate is valid.
 * @throws if one of the two is malformed or missing, or they do not match. Of an empty one, `createSecureContext` says nothing.
 */
function checkPair({ cert, key }: KeyPair): string {
  const leaf = new X509Certificate(cert);
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the private key is not that of the certificate');
  createSecureContext({ cert, key });
  return leaf.validTo;
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { messageOf } from '../../base/index.ts';

/** Whether the signature of some bytes is by a certain key. */
export type IsSignedBy = (bytes: Buffer, signature: Buffer) => boolean;

/** Verifies by the public key in a PEM file; or says why it is none that signatures are verified by. */
export async function parsePublicKey(pem: string): Promise<IsSignedBy | { readonly problem: string }> {
  // Node would derive one from a private key, which has no place here.
  if (!/^\s*-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(pem)) return { problem: 'is not a public key in PEM form' };
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    return { problem: `is not a public key: ${messageOf(error)}` };
  }
  if (key.asymmetricKeyType === 'ed25519') return isSignedByEd25519(key);
  const hashes = hashesOf(key);
  return hashes.length > 0
    ? (bytes, signature) => hashes.some((hash) => isValid(() => verify(hash, bytes, key, signature)))
    : { problem: 'is neither an ECDSA key on P-256, P-384 or P-521, nor an RSA key of 2048 to 8192 bits, nor an Ed25519 key' };
}

/** cosign hashes with SHA-256, and in bundles by the size of the curve. */
function hashesOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): readonly string[] {
  const { namedCurve = '', modulusLength = 0 } = asymmetricKeyDetails;
  if (asymmetricKeyType === 'rsa') return modulusLength >= 2048 && modulusLength <= 8192 ? ['sha256'] : [];
  if (asymmetricKeyType !== 'ec') return [];
  switch (namedCurve) {
    case 'prime256v1':
      return ['sha256'];
    case 'secp384r1':
      return ['sha256', 'sha384'];
    case 'secp521r1':
      return ['sha256', 'sha512'];
    default:
      return [];
  }
}

/** cosign signs a hash of the bytes (Ed25519ph of RFC 8032), which Node cannot verify; older ones signed the bytes. */
async function isSignedByEd25519(key: KeyObject): Promise<IsSignedBy> {
  const { ed25519ph } = await import('@noble/curves/ed25519.js');
  const raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
  return (bytes, signature) =>
    isValid(() => verify(null, bytes, key, signature)) ||
    (signature.length === 64 && isValid(() => ed25519ph.verify(signature, bytes, raw, { zip215: false })));
}

/** A signature of another form is none. */
function isValid(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

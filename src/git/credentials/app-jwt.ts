import { createPrivateKey, type KeyObject, sign } from 'node:crypto';

/** GitHub allows ten minutes from its own time, so that both ends have room for clocks that are a minute off. */
const BEFORE_S = 60;
const AFTER_S = 540;

/** The key of a PEM file, PKCS#1 or PKCS#8. @throws Error that quotes nothing of it */
export function rsaKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new Error('it is not a private key in PEM form without a passphrase', { cause: error });
  }
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`it is not an RSA key but ${key.asymmetricKeyType}`);
  return key;
}

/** The JSON Web Token by which a GitHub App identifies itself (RFC 7519, RS256). */
export function appJwt(appId: string, key: KeyObject, nowMs: number): string {
  const now = Math.floor(nowMs / 1000);
  const claims = { iat: now - BEFORE_S, exp: now + AFTER_S, iss: appId };
  const text = [{ alg: 'RS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
}

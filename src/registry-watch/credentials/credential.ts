import { createHash } from 'node:crypto';
import { Secret } from '../../base/index.ts';

/** A user name and password for one registry host, or an identity token, which its token service exchanges. */
export interface Credential {
  readonly kind: 'password' | 'identity token';
  readonly username: string;
  /** Or the identity token. */
  readonly password: Secret;
  readonly host: string;
  /** The source for display: a file, or `namespace/secret`. */
  readonly source: string;
  /** Equal for equal user name and password; the key of cached tokens. Not reversible. */
  readonly id: string;
}

export function createCredential(host: string, username: string, password: string, source: string): Credential {
  const id = createHash('sha256')
    .update(JSON.stringify([host, username, password]))
    .digest('hex');
  return { kind: 'password', username, password: new Secret(password), host, source, id };
}

/** The user name that stands for an identity token in Docker configs and credential helpers. */
const TOKEN_USER = '<token>';

/** A credential that a credential helper returned: for the user `<token>`, the secret is an identity token. */
export function createStoredCredential(host: string, username: string, secret: string, source: string): Credential {
  const credential = createCredential(host, username, secret, source);
  return username === TOKEN_USER ? { ...credential, kind: 'identity token' } : credential;
}

/** An identity token, `identitytoken` in a Docker config. */
export function createIdentityToken(host: string, token: string, source: string): Credential {
  return createStoredCredential(host, TOKEN_USER, token, source);
}

/**
 * Names the account that a credential is for, the same over restarts and with a new password: by where it is configured. Says nothing about
 * the password; empty for anonymous.
 */
export function accountKey(credential: Credential | undefined): string {
  if (credential === undefined) return '';
  const { host, username, source } = credential;
  return createHash('sha256')
    .update(JSON.stringify([host, username, source]))
    .digest('base64url');
}

/** A description as in Flux v1, without the password. */
export function describeCredential(credential: Credential | undefined): string {
  return credential
    ? `<registry creds for ${credential.username}@${credential.host}, from ${credential.source}>`
    : '<zero creds>';
}

/** The value of an `Authorization` header (RFC 7617). */
export function basicAuthorization({ username, password }: Credential): string {
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`;
}

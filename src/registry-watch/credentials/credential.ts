import { createHash } from 'node:crypto';
import { Secret } from '../../base/index.ts';

/** A user name and password for one registry host. */
export interface Credential {
  readonly username: string;
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
  return { username, password: new Secret(password), host, source, id };
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

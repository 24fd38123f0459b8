import { createHash } from 'node:crypto';

/** An SSH key. The private half never leaves the process but for ssh's file and the Secret. */
export interface KeyPair {
  /** As ssh-keygen wrote it. */
  readonly privateKey: Buffer;
  /** One OpenSSH line with its end. */
  readonly publicKey: string;
}

/** The private key in a file or a Secret, with the newline at its end that ssh insists on; undefined where only a place for one is kept. */
export function privateKeyIn(value: Buffer | undefined): Buffer | undefined {
  if (value === undefined || value.toString('latin1').trim() === '') return undefined;
  return value.at(-1) === NEWLINE ? value : Buffer.concat([value, Buffer.of(NEWLINE)]);
}

const NEWLINE = 0x0a;

export function samePrivateKey(one: Pick<KeyPair, 'privateKey'> | undefined, other: Pick<KeyPair, 'privateKey'>): boolean {
  return one?.privateKey.equals(other.privateKey) ?? false;
}

/** Identifies a key in records, as `ssh-keygen -l` prints it: `SHA256:…`. */
export function fingerprintOf({ publicKey }: Pick<KeyPair, 'publicKey'>): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

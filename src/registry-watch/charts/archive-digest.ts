import { FluxError } from '../../base/index.ts';

/** The digest of an archive. Another thread computes it, since one may have 32 MiB. */
export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha256:${Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')}`;
}

/** @throws FluxError `registry/digest-mismatch` */
export function requireDigest(actual: string, expected: string, subject: string): void {
  if (actual === expected) return;
  throw new FluxError(`${subject}: content does not match its digest ${expected}`, {
    code: 'registry/digest-mismatch',
    help: 'The server has another archive than the one that is locked. Find out why; if it may be used, run "fluxctl render --update-lock".',
  });
}

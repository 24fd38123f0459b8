import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FluxError } from '../base/index.ts';
import type { RegistryAnswer } from './exchange.ts';

export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** Whether a text is a digest; another one must not be put into a URL. */
export function isDigest(text: string): boolean {
  return Digest.safeParse(text).success;
}

/**
 * The digest of a body, which must be the one that was asked for, or else the one it was served under.
 * @throws FluxError `registry/digest-mismatch`.
 */
export function verifiedDigest({ body, headers }: RegistryAnswer, asked: string | undefined, subject: string): string {
  const actual = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  const header = Digest.safeParse(headers['docker-content-digest']);
  const expected = asked ?? (header.success ? header.data : actual);
  if (actual === expected) return actual;
  throw new FluxError(`${subject}: content does not match its digest ${expected}`, {
    code: 'registry/digest-mismatch',
    help: 'The registry, or a proxy in front of it, served different content than was pushed.',
  });
}

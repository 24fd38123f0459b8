import { hash } from 'node:crypto';

/**
 * How much of an object is not shown, because it is from encrypted files, or values of Secrets: its `values`, where the names of its fields are in the clear in
 * Git; or `all`, names of fields included, where a program may have made them of what was encrypted. Its kind, namespace and name, images
 * and numbers of replicas, and annotations for Flux are always shown.
 */
export type Confidential = 'values' | 'all';

const CHECKSUM = /^encrypted-(values|all)-[0-9a-f]{40}$/;

/**
 * What marks a manifest as confidential. Its checksum says so to those who know only the object in the cluster, and is made of `origin`,
 * which identifies the secret content: a hash of a short secret could be guessed.
 */
export function confidential(
  what: Confidential,
  origin: string,
): { readonly checksum: string; readonly confidential: Confidential } {
  return { checksum: `encrypted-${what}-${hash('sha1', origin, 'hex')}`, confidential: what };
}

/** What a checksum says of its object. */
export function confidentialIn(checksum: string | undefined): Confidential | undefined {
  const [, what] = CHECKSUM.exec(checksum ?? '') ?? [];
  return what === 'values' || what === 'all' ? what : undefined;
}

/** What counts of two objects that are shown together. */
export function mostConfidential(one: Confidential | undefined, other: Confidential | undefined): Confidential | undefined {
  return one === 'all' || other === 'all' ? 'all' : (one ?? other);
}

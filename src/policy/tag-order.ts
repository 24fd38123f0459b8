import { compileRegexp } from './regexp.ts';

/** What makes one tag newer than another. */
export type TagOrder =
  /** The creation time of the image. */
  | { readonly by: 'time' }
  /** The version that the tag is. */
  | { readonly by: 'version' }
  | KeyOrder;

/** A part of the tag: a number, or text in the order of its characters. */
export interface KeyOrder {
  readonly by: 'part';
  /** Undefined if the tag lacks that part. */
  readonly keyOf: (tag: string) => bigint | string | undefined;
}

export const BY_TIME: TagOrder = { by: 'time' };
export const BY_VERSION: TagOrder = { by: 'version' };

const PREFIXES = ['numeric:', 'alphabetical:'] as const;
/** Longer numbers are not compared: no build number or time has as many digits. */
const NUMBER = /^\d{1,40}$/;

/**
 * Parses `numeric:REGEXP` or `alphabetical:REGEXP`, as image policies of Flux v2 extract a part of the tag: the first group of the
 * expression, or its whole match if it has none. Never throws. The expressions are those of tag patterns.
 */
export function parseTagOrder(text: string): KeyOrder | { readonly problem: string } {
  const prefix = PREFIXES.find((known) => text.startsWith(known));
  if (prefix === undefined) return { problem: 'is neither numeric:REGEXP nor alphabetical:REGEXP' };
  const regexp = compileRegexp(text.slice(prefix.length));
  if ('problem' in regexp) return regexp;
  const group = Math.min(1, regexp.groupCount());
  return {
    by: 'part',
    keyOf(tag) {
      const matcher = regexp.matcher(tag);
      const key = matcher.find() ? (matcher.group(group) ?? '') : '';
      if (prefix === 'alphabetical:') return key === '' ? undefined : key;
      return NUMBER.test(key) ? BigInt(key) : undefined;
    },
  };
}

import { RE2JS } from 're2js';
import { messageOf } from '../base/index.ts';
import { estimateRegexpSize } from './regexp-size.ts';

/** Longer expressions are rejected: they are not written by hand, and compiling them costs time and memory. */
export const MAX_LENGTH = 1024;
/**
 * Maximum number of instructions of a compiled regular expression. The cost of matching a tag grows with it, to about 50 microseconds
 * at this limit. A pattern for a branch, a time and a commit hash has about 80.
 */
const MAX_INSTRUCTIONS = 250;
const TOO_LARGE = `compiles to more than ${MAX_INSTRUCTIONS} instructions`;

/** Compiles Go's RE2 syntax on an engine with linear run time for every expression (S-031), or says what is wrong with it. */
export function compileRegexp(body: string): RE2JS | { readonly problem: string } {
  if (body.length > MAX_LENGTH) return { problem: `is longer than ${MAX_LENGTH} characters` };
  // Compiling takes time as well, so the size is estimated first, with some tolerance.
  if (estimateRegexpSize(body) > 4 * MAX_INSTRUCTIONS) return { problem: TOO_LARGE };
  try {
    const regexp = RE2JS.compile(body);
    return regexp.programSize() > MAX_INSTRUCTIONS ? { problem: TOO_LARGE } : regexp;
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

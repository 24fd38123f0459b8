import { RE2JS } from 're2js';
import { matchGlob, messageOf } from '../base/index.ts';
import { parseConstraint } from './constraint.ts';
import { estimateRegexpSize } from './regexp-size.ts';
import { parseVersion } from './version.ts';

/** Selects and orders the tags of an image. */
export interface TagPattern {
  /** Canonical text, always with prefix: `glob:1.*`, `semver:~1`, `regexp:^v`. */
  readonly text: string;
  readonly kind: 'glob' | 'semver' | 'regexp';
  /** An invalid pattern matches nothing: a typo must not release every tag (S-030; in Flux v1 it matched everything). */
  readonly valid: boolean;
  /** Why it is invalid. */
  readonly problem?: string;
  /**
   * Whether a tag matches. `latest`, in any case, matches only the pattern `glob:latest`, because it says nothing about its content
   * (Flux v1's rule).
   */
  matches(tag: string): boolean;
  /** Whether newer means "created later", so that the choice needs the creation times of all matching tags. */
  readonly needsTimes: boolean;
}

/** Longer patterns are rejected: they are not written by hand, and compiling them costs time and memory. */
const MAX_LENGTH = 1024;
/**
 * Maximum number of instructions of a compiled regular expression. The cost of matching a tag grows with it, to about 50 microseconds
 * at this limit. A pattern for a branch, a time and a commit hash has about 80.
 */
const MAX_INSTRUCTIONS = 250;

const PREFIXES = [
  ['glob:', 'glob'],
  ['semver:', 'semver'],
  ['regexp:', 'regexp'],
  ['regex:', 'regexp'],
] as const;

/** Parses a tag pattern. Never throws; check `valid`. A pattern without a known prefix is a glob. */
export function parseTagPattern(text: string): TagPattern {
  const [prefix, kind] = PREFIXES.find(([known]) => text.startsWith(known)) ?? (['', 'glob'] as const);
  const body = text.slice(prefix.length);
  const canonical = `${kind}:${body}`;
  const compiled = body.length > MAX_LENGTH ? `is longer than ${MAX_LENGTH} characters` : COMPILE[kind](body);
  const valid = typeof compiled !== 'string';
  return {
    text: canonical,
    kind,
    valid,
    ...(valid ? {} : { problem: compiled }),
    matches: (tag) => valid && (tag.toLowerCase() !== 'latest' || canonical === 'glob:latest') && compiled(tag),
    needsTimes: kind !== 'semver',
  };
}

const TOO_LARGE = `compiles to more than ${MAX_INSTRUCTIONS} instructions`;

type Test = (tag: string) => boolean;

/** Compilers by kind: they return a predicate for tags, or the problem as text. */
const COMPILE: Readonly<Record<TagPattern['kind'], (body: string) => Test | string>> = {
  glob: (body) => (tag) => matchGlob(body, tag),
  semver: (body) => {
    const constraint = parseConstraint(body);
    if (!constraint) return 'is not a version constraint';
    return (tag) => {
      const version = parseVersion(tag);
      return version !== undefined && constraint(version);
    };
  },
  // Go's RE2 syntax on an engine with linear run time for every pattern (S-031).
  regexp: (body) => {
    // Compiling takes time as well, so the size is estimated first, with some tolerance.
    if (estimateRegexpSize(body) > 4 * MAX_INSTRUCTIONS) return TOO_LARGE;
    try {
      const regexp = RE2JS.compile(body);
      if (regexp.programSize() > MAX_INSTRUCTIONS) return TOO_LARGE;
      return (tag) => regexp.test(tag);
    } catch (error) {
      return messageOf(error);
    }
  },
};

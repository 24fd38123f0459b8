import { RE2JS } from 're2js';
import { matchGlob, messageOf } from '../base/index.ts';
import { parseConstraint } from './constraint.ts';
import { estimateRegexpSize } from './regexp-size.ts';
import { parseVersion } from './version.ts';

/** Which tags of an image a workload wants, and in which order they are newer. */
export interface TagPattern {
  /** Canonical text, always with prefix: `glob:1.*`, `semver:~1`, `regexp:^v`. */
  readonly text: string;
  readonly kind: 'glob' | 'semver' | 'regexp';
  /** An invalid pattern matches nothing: a typing error must not release every tag (S-030; Flux v1 matched everything). */
  readonly valid: boolean;
  /** Why it is invalid. */
  readonly problem?: string;
  /**
   * Whether a tag is wanted. `latest`, in any case, is wanted by the pattern `glob:latest` only, because it says nothing about
   * what it holds (Flux v1's rule).
   */
  matches(tag: string): boolean;
  /** Whether newer means "created later", so that choosing needs the creation times of all matching tags. */
  readonly needsTimes: boolean;
}

/** Longer patterns are refused: nobody writes them by hand, and compiling them costs time and memory. */
const MAX_LENGTH = 1024;
/**
 * Instructions of a compiled regular expression. What one tag costs grows with them: at this bound it is about 50 microseconds. A
 * pattern for a commit hash behind a branch and a time has about 80.
 */
const MAX_INSTRUCTIONS = 250;

const PREFIXES = [
  ['glob:', 'glob'],
  ['semver:', 'semver'],
  ['regexp:', 'regexp'],
  ['regex:', 'regexp'],
] as const;

/** Reads a tag pattern. Never throws; look at `valid`. A text without a known prefix is a glob. */
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

/** By kind: a test for tags, or the problem as text. */
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
  // Go's RE2 syntax on an engine that runs in linear time, whatever the pattern (S-031).
  regexp: (body) => {
    // Compiling takes time as well: a look at the text comes first, with room for being wrong.
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

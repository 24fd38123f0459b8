import { matchGlob } from '../base/index.ts';
import { parseConstraint } from './constraint.ts';
import { compileRegexp, MAX_LENGTH } from './regexp.ts';
import { BY_TIME, BY_VERSION, parseTagOrder, type TagOrder } from './tag-order.ts';
import { parseVersion } from './version.ts';

/** Selects and orders the tags of an image. */
export interface TagPattern {
  /** Canonical text, always with prefix: `glob:1.*`, `semver:~1`, `regexp:^v order numeric:\d+$`. */
  readonly text: string;
  readonly kind: 'glob' | 'semver' | 'regexp';
  /** An invalid pattern matches nothing: a typo must not release every tag (S-030; in Flux v1 it matched everything). */
  readonly valid: boolean;
  /** Why it is invalid. */
  readonly problem?: string;
  /**
   * Whether a tag matches. `latest`, in any case, matches only the pattern `glob:latest`, because it says nothing about its content
   * (Flux v1's rule). Tags of signatures never match: what they point to is no image.
   */
  matches(tag: string): boolean;
  /** What makes one of the tags newer than another. */
  readonly order: TagOrder;
  /** Whether newer means "created later", so that the choice needs the creation times of all matching tags. */
  readonly needsTimes: boolean;
}

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
    matches: (tag) =>
      valid && (tag.toLowerCase() !== 'latest' || canonical === 'glob:latest') && !ATTACHED.test(tag) && compiled(tag),
    order: kind === 'semver' ? BY_VERSION : BY_TIME,
    needsTimes: kind !== 'semver',
  };
}

/** Tags for what is attached to an image: its signatures and attestations, or an index of these. */
const ATTACHED = /^sha256-[0-9a-f]{64}(?:\.[a-z]+)?$/;

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
  regexp(body) {
    const regexp = compileRegexp(body);
    return 'problem' in regexp ? regexp.problem : (tag) => regexp.test(tag);
  },
};

/**
 * The same pattern in another order, as `order.<container>` gives it. Tags without the ordered part do not match; an invalid order
 * makes the pattern invalid.
 */
export function orderedBy(pattern: TagPattern, text: string): TagPattern {
  const order = parseTagOrder(text);
  const ordered = { ...pattern, text: `${pattern.text} order ${text}` };
  if ('problem' in order) {
    return { ...ordered, valid: false, problem: `of the order ${JSON.stringify(text)} ${order.problem}`, matches: () => false };
  }
  return {
    ...ordered,
    order,
    needsTimes: false,
    matches: (tag) => pattern.matches(tag) && order.keyOf(tag) !== undefined,
  };
}

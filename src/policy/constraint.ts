import { compareNumbers, compareVersions, parseVersion, type Version } from './version.ts';

/** Whether a version satisfies a constraint. */
export type Constraint = (version: Version) => boolean;

interface Comparator {
  readonly operator: string;
  readonly bound: Version;
  /** How many of major, minor and patch are given, 0 to 3; the rest are wildcards. */
  readonly given: number;
}

/**
 * Parses a version constraint in the dialect of Flux v1: comparators (`=`, `!=`, `>`, `<`, `>=`, `<=`, `~`, `^`, none) separated by
 * commas or spaces must all hold, `||` separates alternatives, `A - B` is a range, and `*`, `x` or a missing part is a wildcard.
 * Unlike npm's dialect, a pre-release satisfies a comparator only if the comparator has a pre-release itself.
 * Undefined for an invalid constraint.
 */
export function parseConstraint(text: string): Constraint | undefined {
  const alternatives: (readonly Comparator[])[] = [];
  for (const part of text.split('||')) {
    const comparators = parseComparators(part);
    if (!comparators) return undefined;
    alternatives.push(comparators);
  }
  return (version) => alternatives.some((comparators) => comparators.every((comparator) => holds(comparator, version)));
}

const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const PART = '(\\d+|[xX*])';
const SPACE = /[\t\n\f\r ]*/y;
const OPERATOR = /!=|>=|=>|<=|=<|~>|[=<>~^]/y;
const BOUND = new RegExp(
  `v?${PART}(?:\\.${PART})?(?:\\.${PART})?(-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?(?=[\\t\\n\\f\\r ,=!<>~^]|$)`,
  'y',
);
const HYPHEN = /[\t\n\f\r ]+-[\t\n\f\r ]+/y;
const SYNONYMS: Readonly<Record<string, string>> = { '=>': '>=', '=<': '<=', '~>': '~', '': '=' };

function parseComparators(text: string): readonly Comparator[] | undefined {
  let at = 0;
  const take = (token: RegExp): RegExpExecArray | undefined => {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match) at = token.lastIndex;
    return match ?? undefined;
  };
  const comparators: Comparator[] = [];
  take(SPACE);
  while (at < text.length) {
    const operator = take(OPERATOR)?.[0] ?? '';
    take(SPACE);
    const comparator = parseBound(SYNONYMS[operator] ?? operator, take(BOUND));
    if (!comparator) return undefined;
    if (operator === '' && take(HYPHEN)) {
      const end = parseBound('<=', take(BOUND));
      if (!end) return undefined;
      comparators.push({ ...comparator, operator: '>=' }, end);
    } else {
      comparators.push(comparator);
    }
    take(SPACE);
    if (text[at] === ',') at += 1;
    take(SPACE);
  }
  return comparators.length > 0 ? comparators : undefined;
}

function parseBound(operator: string, match: RegExpExecArray | undefined): Comparator | undefined {
  if (!match) return undefined;
  const parts = match.slice(1, 4);
  const wildcard = parts.findIndex((part) => part === undefined || !/^\d/.test(part));
  const given = wildcard < 0 ? 3 : wildcard;
  const core = [...parts.slice(0, given), '0', '0', '0'].slice(0, 3).join('.');
  const bound = parseVersion(`${core}${given === 0 ? '' : (match[4] ?? '')}`);
  return bound && { operator, bound, given };
}

function holds({ operator, bound, given }: Comparator, version: Version): boolean {
  const whole = given === 3;
  if (version.prerelease.length > 0 && bound.prerelease.length === 0) {
    // The only comparator that accepts pre-releases without having one: "not exactly this version".
    return operator === '!=' && whole;
  }
  const order = compareVersions(version, bound);
  const within = sharedParts(version, bound) >= given;
  switch (operator) {
    case '=':
      return whole ? order === 0 : order >= 0 && within;
    case '!=':
      return whole ? order !== 0 : !within;
    case '>':
      return order > 0 && (whole || given === 0 || !within);
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0 || (!whole && within);
    case '~':
      // ~0.0.0 accepts everything, as in Flux v1.
      return order >= 0 && (isZero(bound) && whole ? true : sharedParts(version, bound) >= Math.min(given, 2));
    case '^':
      return order >= 0 && sharedParts(version, bound) >= Math.min(given, firstNonZero(bound) + 1);
    default:
      return false;
  }
}

/** The number of leading numbers that two versions have in common, 0 to 3. */
function sharedParts(a: Version, b: Version): number {
  const index = a.core.findIndex((part, position) => compareNumbers(part, b.core[position] ?? '') !== 0);
  return index < 0 ? 3 : index;
}

/** Position of the first number that is not 0, or of the last number if all are 0. */
function firstNonZero({ core }: Version): number {
  const index = core.findIndex((part) => part !== '0');
  return index < 0 ? 2 : index;
}

function isZero({ core }: Version): boolean {
  return core.every((part) => part === '0');
}

/** A version as in a tag. Numbers stay strings without leading zeros, so that any length compares exactly. */
export interface Version {
  readonly core: readonly [major: string, minor: string, patch: string];
  /** Identifiers of the pre-release; empty for a release. Build metadata is ignored. */
  readonly prerelease: readonly string[];
}

const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const VERSION = new RegExp(`^v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:-(${IDENTIFIERS}))?(?:\\+${IDENTIFIERS})?$`);
const NUMERIC = /^\d+$/;

/**
 * Parses a version leniently, as Flux v1 does: `v`, minor and patch are optional, and leading zeros are accepted in the three numbers,
 * but not in numeric pre-release identifiers (semver.org rule 9). Undefined for anything else.
 */
export function parseVersion(text: string): Version | undefined {
  if (text !== last.text) last = { text, version: parse(text) };
  return last.version;
}

/** A tag is mostly ranked right after it was matched. */
let last: { readonly text: string; readonly version: Version | undefined } = { text: '', version: undefined };

function parse(text: string): Version | undefined {
  const match = VERSION.exec(text);
  if (!match) return undefined;
  const prerelease = match[4]?.split('.') ?? [];
  if (prerelease.some((identifier) => identifier.length > 1 && identifier.startsWith('0') && NUMERIC.test(identifier)))
    return undefined;
  return { core: [number(match[1]), number(match[2]), number(match[3])], prerelease };
}

/** Negative if `a` has lower precedence than `b`, 0 if equal (semver.org rule 11). */
export function compareVersions(a: Version, b: Version): number {
  for (const index of [0, 1, 2] as const) {
    const order = compareNumbers(a.core[index], b.core[index]);
    if (order !== 0) return order;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length;
  for (const [index, left] of a.prerelease.entries()) {
    const right = b.prerelease[index];
    if (right === undefined) return 1;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return a.prerelease.length - b.prerelease.length;
}

/** Compares numbers given as digits without leading zeros. */
export function compareNumbers(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

/** Numbers precede words. */
function compareIdentifiers(a: string, b: string): number {
  const [aNumeric, bNumeric] = [NUMERIC.test(a), NUMERIC.test(b)];
  if (aNumeric !== bNumeric) return aNumeric ? -1 : 1;
  return aNumeric ? compareNumbers(a, b) : compareText(a, b);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function number(digits = '0'): string {
  return digits.startsWith('0') ? digits.replace(/^0+(?=\d)/, '') : digits;
}

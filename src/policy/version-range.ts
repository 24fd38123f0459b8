import { parseConstraint } from './constraint.ts';
import { compareVersions, parseVersion } from './version.ts';

/** Whether a version is one that is asked for; false for what is no version. */
export type VersionRange = (version: string) => boolean;

const EXACT = /^v?\d+\.\d+\.\d+(?:[-+].*)?$/;

/** Whether a text is one whole version, and no range. */
export function isExactVersion(text: string): boolean {
  return EXACT.test(text) && parseVersion(text) !== undefined;
}

/**
 * The versions that a version of a chart means, as in Helm: that one version, with its build metadata, or those that a constraint
 * allows. Undefined for neither.
 */
export function parseVersionRange(wanted: string): VersionRange | undefined {
  if (EXACT.test(wanted)) {
    if (!isExactVersion(wanted)) return undefined;
    return (version) => withoutV(version) === withoutV(wanted);
  }
  const allows = parseConstraint(wanted);
  return (
    allows &&
    ((version) => {
      const parsed = parseVersion(version);
      return parsed !== undefined && allows(parsed);
    })
  );
}

/** The version with the highest precedence; of equal ones the first. Undefined if there is no version. */
export function newestVersion(versions: Iterable<string>): string | undefined {
  let newest: { readonly text: string; readonly version: NonNullable<ReturnType<typeof parseVersion>> } | undefined;
  for (const text of versions) {
    const version = parseVersion(text);
    if (version && (!newest || compareVersions(version, newest.version) > 0)) newest = { text, version };
  }
  return newest?.text;
}

function withoutV(version: string): string {
  return version.replace(/^v/, '');
}

import { FluxError } from '../../base/index.ts';
import type { ParsedObject } from '../finding.ts';
import { firstDifference } from '../first-difference.ts';

/** Differences that are named. */
const MAX_NAMED = 3;

/** The warning about commands whose output differs between two runs on the same files, since Flux v1 applied it. */
export function changingOutput(first: readonly ParsedObject[], second: readonly ParsedObject[]): FluxError | undefined {
  const differences = differencesOf(first, second);
  if (differences === undefined) return undefined;
  return new FluxError(`its output changes without a commit: ${differences}`, {
    code: 'generation/changing-output',
    fault: 'user',
    help: 'Two runs on the same files printed different values. The unit is rendered again only after a commit or a restart; remove dates and random values from its output.',
  });
}

/** The first objects that differ between two renderings of the same files, each with a field; undefined if none does. */
export function differencesOf(
  first: readonly ParsedObject[],
  second: readonly ParsedObject[],
  { withPaths = true }: { readonly withPaths?: boolean } = {},
): string | undefined {
  const others = new Map(second.map((each) => [nameOf(each), each]));
  const differences: (readonly [ParsedObject, ParsedObject?])[] = [];
  for (const each of first) {
    const other = others.get(nameOf(each));
    others.delete(nameOf(each));
    if (other?.checksum !== each.checksum) differences.push(other ? [each, other] : [each]);
  }
  for (const other of others.values()) differences.push([other]);
  if (differences.length === 0) return undefined;
  const named = differences
    .slice(0, MAX_NAMED)
    .map(([one, other]) => [nameOf(one), ...(other && withPaths ? pathOf(one, other) : [])].join(' '));
  const more = differences.length > MAX_NAMED ? ` and ${differences.length - MAX_NAMED} more` : '';
  return named.join(', ') + more;
}

function nameOf({ object: { kind, metadata } }: ParsedObject): string {
  return `${metadata.namespace === undefined ? '' : `${metadata.namespace}:`}${kind.toLowerCase()}/${metadata.name}`;
}

/** The first path at which two objects differ; values are not shown, since they may be secret. */
function pathOf(one: ParsedObject, other: ParsedObject): readonly string[] {
  const keys = firstDifference(one.object, other.object) ?? [];
  return keys.length === 0 ? [] : [keys.join('.')];
}

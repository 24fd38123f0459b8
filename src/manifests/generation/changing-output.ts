import { isDeepStrictEqual } from 'node:util';
import { FluxError, isJsonMap } from '../../base/index.ts';
import type { ParsedObject } from '../finding.ts';

/** Differences that are named. */
const MAX_NAMED = 3;

/**
 * What differs between two renderings of the same files: a warning for commands, since Flux v1 applied it. Undefined if nothing does.
 */
export function changingOutput(first: readonly ParsedObject[], second: readonly ParsedObject[]): FluxError | undefined {
  const others = new Map(second.map((each) => [nameOf(each), each]));
  const differences = first.flatMap((each) => {
    const other = others.get(nameOf(each));
    others.delete(nameOf(each));
    if (other?.checksum === each.checksum) return [];
    return [`${nameOf(each)}${other ? ` ${pathOf(each.object, other.object)}` : ''}`];
  });
  const all = [...differences, ...others.keys()];
  if (all.length === 0) return undefined;
  const more = all.length > MAX_NAMED ? ` and ${all.length - MAX_NAMED} more` : '';
  return new FluxError(`its output changes without a commit: ${all.slice(0, MAX_NAMED).join(', ')}${more}`, {
    code: 'generation/changing-output',
    fault: 'user',
    help: 'Two runs on the same files printed different values. The unit is rendered again only after a commit or a restart; remove dates and random values from its output.',
  });
}

function nameOf({ object: { kind, metadata } }: ParsedObject): string {
  return `${metadata.namespace === undefined ? '' : `${metadata.namespace}:`}${kind.toLowerCase()}/${metadata.name}`;
}

/** The first path at which two values differ; values are not shown, since they may be secret. */
function pathOf(one: unknown, other: unknown): string {
  const path: string[] = [];
  let [left, right] = [one, other];
  for (;;) {
    if (Array.isArray(left) && Array.isArray(right)) {
      const [a, b] = [left, right];
      const index = a.findIndex((value, at) => !isDeepStrictEqual(value, b[at]));
      if (index < 0 || index >= b.length) return path.join('.');
      path.push(String(index));
      [left, right] = [a[index] ?? null, b[index] ?? null];
    } else if (isJsonMap(left) && isJsonMap(right)) {
      const [a, b] = [left, right];
      const key = [...new Set([...Object.keys(a), ...Object.keys(b)])].find((name) => !isDeepStrictEqual(a[name], b[name]));
      if (key === undefined) return path.join('.');
      path.push(key);
      [left, right] = [a[key] ?? null, b[key] ?? null];
    } else return path.join('.');
  }
}

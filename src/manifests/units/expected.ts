import { isDeepStrictEqual } from 'node:util';
import { containersOf, type KubeObject, valueAt } from '../../resource/index.ts';
import type { ParsedObject } from '../finding.ts';
import { firstDifference } from '../first-difference.ts';
import { objectKey } from './object-key.ts';

/** The objects that should be different after an edit. */
export interface Expected {
  /** As they should be, by `objectKey`. */
  readonly wanted: ReadonlyMap<string, KubeObject>;
  /** Those of which only the containers are compared. */
  readonly open?: ReadonlySet<string>;
  /** Whether differences are shown without the fields, since decrypted files went into them. */
  readonly isConfidential?: boolean;
}

/** What is different from what was wanted; undefined if exactly the wanted objects changed, and as wanted. */
export function differenceFrom(
  { wanted, open, isConfidential = false }: Expected,
  before: readonly ParsedObject[],
  after: readonly ParsedObject[],
): string | undefined {
  const left = new Map(after.map((each) => [objectKey(each.object), each]));
  for (const { object, checksum } of before) {
    const key = objectKey(object);
    const now = left.get(key);
    left.delete(key);
    const should = wanted.get(key);
    if (!now) return `${nameOf(object)} would not be built any more`;
    if (!should && now.checksum === checksum) continue;
    const difference =
      should && open?.has(key) ? otherContainer(now.object, should) : inFields(object, now.object, should ?? object);
    if (difference) return isConfidential ? difference.what : `${difference.what} in ${difference.where}`;
    if (!should) return `${nameOf(object)} would change as well`;
  }
  const [added] = left.values();
  return added && `${nameOf(added.object)} would be new`;
}

interface Difference {
  readonly what: string;
  /** Without values, which may be secret. */
  readonly where: string;
}

/** The first field that differs. */
function inFields(before: KubeObject, now: KubeObject, should: KubeObject): Difference | undefined {
  const path = firstDifference(now, should);
  if (!path) return undefined;
  const what = isDeepStrictEqual(valueAt(before, path), valueAt(should, path)) ? 'change as well' : 'not be as wanted';
  return { what: `${nameOf(before)} would ${what}`, where: path.join('.') };
}

function otherContainer(now: KubeObject, should: KubeObject): Difference | undefined {
  const [is, wanted] = [containersOf(now), containersOf(should)];
  const index = wanted.findIndex((container, at) => !isDeepStrictEqual(container, is[at]));
  if (index === -1 && is.length === wanted.length) return undefined;
  return { what: `${nameOf(should)} would not be as wanted`, where: `container ${wanted[index]?.name ?? is.at(-1)?.name}` };
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}

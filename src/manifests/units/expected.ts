import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../resource/index.ts';
import type { ParsedObject } from '../finding.ts';
import { objectKey } from './object-key.ts';

/** What is different from what was wanted; undefined if exactly the wanted objects changed, and as wanted. */
export function differenceFrom(
  wanted: ReadonlyMap<string, KubeObject>,
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
    if (should ? !isDeepStrictEqual(now.object, should) : now.checksum !== checksum)
      return `${nameOf(object)} would ${should ? 'not be as wanted' : 'change as well'}`;
  }
  const [added] = left.values();
  return added && `${nameOf(added.object)} would be new`;
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}

import { isDeepStrictEqual } from 'node:util';
import { isJsonMap, type JsonMap, type JsonValue } from '../../../base/index.ts';
import { splitImage } from './image-text.ts';

/** An image as it is rendered now, and as it should be. */
export interface ImageReplacement {
  readonly from: string;
  readonly to: string;
}

/**
 * A kustomization in which `images` turns images into others: the entry that made the image has the new tag, or another entry follows.
 * Undefined if its `images` are not a list of maps.
 */
export function withImages(kustomization: JsonMap, replacements: readonly ImageReplacement[]): JsonMap | undefined {
  const { images = [] } = kustomization;
  if (images !== null && !isListOfMaps(images)) return undefined;
  let entries: readonly JsonMap[] = images ?? [];
  for (const replacement of replacements) {
    const index = indexOfMaker(entries, replacement.from);
    const before = index < 0 ? { name: splitImage(replacement.from).name } : entries[index];
    const entry = before && changedEntry(before, replacement);
    if (!entry) continue;
    entries = index < 0 ? [...entries, entry] : entries.with(index, entry);
  }
  return isDeepStrictEqual(entries, images) ? kustomization : { ...kustomization, images: [...entries] };
}

/** The last entry whose result is an image, or at least has its name. */
function indexOfMaker(entries: readonly JsonMap[], image: string): number {
  const { name, tag, digest } = splitImage(image);
  const hasName = ({ newName, name: old }: JsonMap) => (typeof newName === 'string' && newName !== '' ? newName : old) === name;
  const made = entries.findLastIndex(
    (entry) => hasName(entry) && textOf(entry.newTag) === tag && textOf(entry.digest) === digest,
  );
  return made >= 0 ? made : entries.findLastIndex(hasName);
}

function changedEntry(entry: JsonMap, { from, to }: ImageReplacement): JsonMap {
  const [before, wanted] = [splitImage(from), splitImage(to)];
  const { newName: _, newTag: __, digest: ___, ...others } = entry;
  // Keys keep their order.
  const kept = Object.fromEntries(
    Object.entries(entry).flatMap(([key, value]): [string, JsonValue][] => {
      if (key === 'newName') return [[key, wanted.name === before.name ? value : wanted.name]];
      if (key !== 'newTag' && key !== 'digest') return [[key, value]];
      const part = key === 'newTag' ? wanted.tag : wanted.digest;
      if (part === textOf(value)) return [[key, value]];
      return part === '' ? [] : [[key, part]];
    }),
  );
  return {
    ...kept,
    ...('newName' in entry || wanted.name === others.name ? {} : { newName: wanted.name }),
    ...('newTag' in entry || wanted.tag === '' ? {} : { newTag: wanted.tag }),
    ...('digest' in entry || wanted.digest === '' ? {} : { digest: wanted.digest }),
  };
}

/** A tag may be a number, and an empty one is none. */
function textOf(value: JsonValue | undefined): string {
  return String(value ?? '');
}

function isListOfMaps(value: JsonValue | undefined): value is JsonMap[] {
  return Array.isArray(value) && value.every(isJsonMap);
}

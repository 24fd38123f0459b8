import type { YamlMapping, YamlNode, YamlPair } from './node.ts';
import { keyText, mergeSources } from './value.ts';

/** The pair that decides a key's value. */
export interface YamlEntry {
  readonly pair: YamlPair;
  /** It stands in another map and came in by a merge key. */
  readonly merged: boolean;
}

/** Finds the pair whose value counts for a key: the last one, merges included, as `jsonFromNode` reads it. */
export function findEntry(mapping: YamlMapping, key: string): YamlEntry | undefined {
  let found: YamlEntry | undefined;
  for (const pair of mapping.pairs) {
    const text = keyText(pair.key);
    if (text === key) found = { pair, merged: false };
    if (text !== undefined) continue;
    for (const source of mergeSources(pair.value)) {
      const merged = findEntry(source, key);
      if (merged) found = { pair: merged.pair, merged: true };
    }
  }
  return found;
}

/** Follows a path of keys and list positions as far as it goes; the last node found serves to point at a place. */
export function nodeAt(root: YamlNode, path: readonly (string | number)[]): YamlNode {
  let node = root;
  for (const step of path) {
    const target = node.kind === 'alias' ? node.target : node;
    const next =
      target.kind === 'mapping' && typeof step === 'string'
        ? findEntry(target, step)?.pair.value
        : target.kind === 'sequence' && typeof step === 'number'
          ? target.items[step]
          : undefined;
    if (!next || next.start < 0) return node;
    node = next;
  }
  return node;
}

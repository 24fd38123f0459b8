import type { YamlMapping, YamlNode, YamlPair } from './node.ts';
import { keyText, mergeSources } from './value.ts';

/** The pair that determines a key's value. */
export interface YamlEntry {
  readonly pair: YamlPair;
  /** Whether it comes from another map through a merge key. */
  readonly merged: boolean;
}

/** Finds the effective pair of a key: the last one, including merges, as in `jsonFromNode`. */
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

/** Follows a path of keys and list positions as far as possible; the last node found locates an error. */
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

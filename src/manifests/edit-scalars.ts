import {
  appendEntry,
  findEntry,
  replaceValue,
  type TextEdit,
  type YamlDocument,
  type YamlMapping,
  type YamlNode,
} from '../base/index.ts';
import { editAnchored, type PairChange } from './edit-anchored.ts';

/** The new text of a key in a map that belongs to one place only. */
export interface ScalarChange {
  readonly mapping: YamlMapping;
  readonly key: string;
  readonly value: string;
}

/** The edits, or the first change that the layout of the text does not allow. */
export type ScalarEdits<Change> = { readonly edits: readonly TextEdit[] } | { readonly refused: Change };

/**
 * Edits of scalars, of which each changes only the characters of its value: quotes and comments stay. A missing key is added, also where a
 * merge key has it. An alias is replaced with a value; an anchored value changes for all places that share it if they get the same text,
 * and otherwise its anchor moves to the others. The caller parses the result to verify it.
 */
export function scalarEdits<Change extends ScalarChange>(
  { text, root }: Pick<YamlDocument, 'text' | 'root'>,
  changes: readonly Change[],
): ScalarEdits<Change> {
  const edits: TextEdit[] = [];
  const anchored = new Map<YamlNode, (PairChange & { readonly change: Change })[]>();
  for (const change of changes) {
    const { mapping, key, value } = change;
    const entry = findEntry(mapping, key);
    if (!entry || entry.merged) {
      edits.push(appendEntry(text, mapping, key, value));
      continue;
    }
    const { pair } = entry;
    const written = pair.value.kind === 'alias' ? pair.value.target : pair.value;
    if (written.shared) {
      anchored.set(written, [...(anchored.get(written) ?? []), { pair, flow: mapping.flow, value, change }]);
      continue;
    }
    const replaced = replaceValue(text, pair, value, mapping);
    if (!replaced) return { refused: change };
    edits.push(...replaced);
  }
  for (const [written, places] of anchored) {
    const [first] = places;
    const moved = editAnchored(text, root, written, places);
    if (!moved && first) return { refused: first.change };
    edits.push(...(moved ?? []));
  }
  return { edits };
}

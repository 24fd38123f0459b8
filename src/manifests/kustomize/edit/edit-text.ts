import { isDeepStrictEqual } from 'node:util';
import {
  findEntry,
  isJsonMap,
  type JsonMap,
  type JsonValue,
  parseYamlDocuments,
  removePair,
  replaceValue,
  type TextEdit,
  type YamlNode,
} from '../../../base/index.ts';
import { documentsWithContent } from '../../documents-with-content.ts';
import { addToText } from '../../patch/add-to-text.ts';
import { spliceDocument } from '../../splice-document.ts';
import { type ImageReplacement, withImages } from './images-entry.ts';

/** A change of the text of a kustomization. */
export type KustomizationEdit =
  | { readonly kind: 'images'; readonly replacements: readonly ImageReplacement[] }
  /** A patch file that it must refer to. */
  | { readonly kind: 'patch-reference'; readonly path: string };

/**
 * The text of a kustomization after a change: scalars in place, new items at the end of their lists. Every other byte stays. Undefined if
 * its layout does not allow that.
 */
export function editKustomizationText(text: string, edit: KustomizationEdit): string | undefined {
  const [document] = documentsWithContent(text);
  if (!document || document.error || !isJsonMap(document.value)) return undefined;
  const wanted =
    edit.kind === 'images' ? withImages(document.value, edit.replacements) : withPatchFile(document.value, edit.path);
  if (!wanted) return undefined;
  let [current, edited] = [document, text];
  // One step at a time, each on the result of the one before: first what is there already, then what is new.
  for (const step of [inPlace, addToText]) {
    const edits = step(current.text, current.root, current.value, wanted);
    if (!edits) return undefined;
    edited = spliceDocument(edited, current, edits);
    const again = [...parseYamlDocuments(edited)].find(({ number }) => number === document.number);
    if (!again || again.error) return undefined;
    current = again;
  }
  return isDeepStrictEqual(current.value, wanted) ? edited : undefined;
}

function withPatchFile(kustomization: JsonMap, path: string): JsonMap | undefined {
  const { patches = [] } = kustomization;
  if (patches !== null && !Array.isArray(patches)) return undefined;
  if (patches?.some((each) => isJsonMap(each) && each.path === path)) return kustomization;
  return { ...kustomization, patches: [...(patches ?? []), { path }] };
}

/** The edits of scalars that are there in both values, and of keys that are not there any more. */
function inPlace(text: string, node: YamlNode, from: JsonValue, to: JsonValue): readonly TextEdit[] | undefined {
  if (isDeepStrictEqual(from, to) || node.shared) return isDeepStrictEqual(from, to) ? [] : undefined;
  if (node.kind === 'sequence' && Array.isArray(from) && Array.isArray(to)) {
    const edits = from.map((item, index) => {
      const inside = node.items[index];
      return inside && inPlace(text, inside, item, to[index] ?? item);
    });
    return edits.includes(undefined) ? undefined : edits.flatMap((each) => each ?? []);
  }
  if (node.kind !== 'mapping' || !isJsonMap(from) || !isJsonMap(to)) return undefined;
  const edits: TextEdit[] = [];
  for (const [key, before] of Object.entries(from)) {
    const after = to[key];
    // A list in the place of nothing is new.
    if (isDeepStrictEqual(before, after) || (before === null && Array.isArray(after))) continue;
    const entry = findEntry(node, key);
    if (!entry || entry.merged) return undefined;
    const inside =
      after === undefined
        ? one(removePair(text, node, entry.pair))
        : typeof after === 'string'
          ? replaceValue(text, entry.pair, after, node)
          : inPlace(text, entry.pair.value, before, after);
    if (!inside) return undefined;
    edits.push(...inside);
  }
  return edits;
}

function one(edit: TextEdit | undefined): readonly TextEdit[] | undefined {
  return edit && [edit];
}

import { isDeepStrictEqual } from 'node:util';
import {
  dumpYaml,
  findEntry,
  isJsonMap,
  type JsonMap,
  type JsonValue,
  parseYamlDocuments,
  type TextEdit,
  type YamlDocument,
  type YamlMapping,
  type YamlNode,
} from '../../../base/index.ts';
import { type FieldChange, type Path, valueAt } from '../../../resource/index.ts';
import { documentsWithContent } from '../../documents-with-content.ts';
import { scalarEdits } from '../../edit-scalars.ts';
import { addToText } from '../../patch/add-to-text.ts';
import { spliceDocument } from '../../splice-document.ts';
import { updateAt } from '../../verify.ts';

/**
 * A text with other scalars in fields of maps that it has: only the characters of the values change, or a key is added. Undefined if its
 * layout does not allow that without a change of another place.
 */
export function setInText(text: string, changes: readonly FieldChange[]): string | undefined {
  const [document] = documentsWithContent(text);
  if (!document || document.error) return undefined;
  const places = changes.flatMap(({ path, value }) => {
    const mapping = mappingAt(document.root, path.slice(0, -1));
    return mapping ? [{ mapping, key: String(path.at(-1)), value }] : [];
  });
  if (places.length < changes.length) return undefined;
  const made = scalarEdits(document, places);
  const wanted = changes.reduce((value, change) => updateAt(value, change.path, () => change.value), document.value);
  return 'edits' in made ? spliced(text, document, made.edits, wanted) : undefined;
}

/** A text with new fields, and the maps that they need. Undefined if its layout does not allow that, or a list would have to change. */
export function addToValues(text: string, changes: readonly FieldChange[]): string | undefined {
  const [document] = documentsWithContent(text);
  if (document?.error) return undefined;
  const value = document?.value ?? {};
  const wanted = changes.reduce<JsonMap | undefined>(
    (map, change) => map && withField(map, change.path, change.value),
    isJsonMap(value) ? value : undefined,
  );
  if (!wanted) return undefined;
  if (!document) return afterComments(text, dumpYaml(wanted));
  const edits = addToText(document.text, document.root, value, wanted);
  return edits && spliced(text, document, edits, wanted);
}

/** The map at a path that no other place shares. */
function mappingAt(root: YamlNode, path: Path): YamlMapping | undefined {
  let node: YamlNode | undefined = root;
  for (const step of path) {
    if (node.kind === 'alias' || node.shared) return undefined;
    const next: YamlNode | undefined = typeof step === 'number' ? itemOf(node, step) : ownValueOf(node, step);
    if (!next) return undefined;
    node = next;
  }
  return node.kind === 'mapping' && !node.shared ? node : undefined;
}

function itemOf(node: YamlNode, index: number): YamlNode | undefined {
  return node.kind === 'sequence' ? node.items[index] : undefined;
}

function ownValueOf(node: YamlNode, key: string): YamlNode | undefined {
  const entry = node.kind === 'mapping' ? findEntry(node, key) : undefined;
  return entry?.merged ? undefined : entry?.pair.value;
}

function withField(map: JsonMap, [step, ...rest]: Path, value: string): JsonMap | undefined {
  if (typeof step !== 'string') return undefined;
  if (rest.length === 0) return { ...map, [step]: value };
  const before = Object.hasOwn(map, step) ? map[step] : {};
  const inside = isJsonMap(before) ? withField(before, rest, value) : undefined;
  return inside && { ...map, [step]: inside };
}

function spliced(text: string, document: YamlDocument, edits: readonly TextEdit[], wanted: JsonValue): string | undefined {
  const edited = spliceDocument(text, document, edits);
  const again = [...parseYamlDocuments(edited)].find(({ number }) => number === document.number);
  return again && !again.error && isDeepStrictEqual(again.value, wanted) ? edited : undefined;
}

/** Of a file without values yet. */
function afterComments(text: string, lines: string): string {
  const eol = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
  const gap = text === '' || /[\r\n]$/.test(text) || text === '\uFEFF' ? '' : eol;
  return `${text}${gap}${lines.replaceAll('\n', eol)}`;
}

/** Whether values have a field. */
export function hasField(values: JsonValue, path: Path): boolean {
  return valueAt(values, path) !== undefined;
}

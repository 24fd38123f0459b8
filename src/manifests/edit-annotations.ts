import {
  appendEntry,
  fillEmpty,
  findEntry,
  indentOf,
  isEmptyValue,
  isJsonMap,
  type JsonValue,
  keyText,
  removePair,
  replaceInFlow,
  replaceValue,
  type TextEdit,
  type YamlEntry,
  type YamlMapping,
} from '../base/index.ts';
import { type EditTarget, type LocatedObject, locateObject, ownMapping, refuseShared, sharedText } from './locate.ts';
import { spliceDocument } from './splice-document.ts';
import { editFailed, updateAt, verifyEdit } from './verify.ts';

/**
 * Sets annotations of an object (null removes one). A value is changed in place and keeps its quotes; new keys are added at the end of
 * the map, sorted, with the map's indentation; a removed key is deleted with its lines and the comment after it, as is an empty
 * `annotations`. Values that look like another type are quoted. No other character of the file changes.
 * @returns the complete new text; the same text if there is nothing to change.
 * @throws FluxError `manifests/not-found`, `manifests/shared-anchor` if the text is shared with another place,
 * `manifests/edit-failed`.
 */
export function editAnnotations(text: string, target: EditTarget, changes: ReadonlyMap<string, string | null>): string {
  const before = locateObject(text, target);
  const old = annotationsOf(before);
  const wanted = [...changes].sort(([a], [b]) => (a < b ? -1 : 1));
  const isSet = ([key, value]: readonly [string, string | null]) => value !== null && old[key] !== value;
  const steps = [
    ...wanted.filter((change) => isSet(change) && Object.hasOwn(old, change[0])),
    ...wanted.filter((change) => isSet(change) && !Object.hasOwn(old, change[0])),
    ...wanted.filter(([key, value]) => value === null && Object.hasOwn(old, key)),
  ];
  if (steps.length === 0) return text;
  // One key at a time, each on the result of the previous one, so that edits are independent.
  let edited = text;
  for (const [key, value] of steps) {
    do {
      const located = locateObject(edited, target);
      edited = spliceDocument(
        edited,
        located.document,
        value === null ? remove(located, target, key) : set(located, target, key, value),
      );
      // A key may occur several times.
    } while (value === null && Object.hasOwn(annotationsOf(locateObject(edited, target)), key));
  }
  const tailLength = text.length - before.document.offset - before.document.text.length;
  const expected = updateAt(before.document.value, [...before.path, 'metadata'], (metadata) => changed(metadata, steps));
  return verifyEdit(edited, before.document, { target, tailLength, expected });
}

function set(located: LocatedObject, target: EditTarget, key: string, value: string): TextEdit[] {
  const document = located.document.text;
  const metadata = ownMapping(located, ['metadata'], target);
  const step = indentStep(located, metadata, target);
  const entry = ownEntry(metadata, 'annotations', target);
  if (!entry) return [appendEntry(document, metadata, 'annotations', { [key]: value }, { step })];
  refuseShared(entry.pair.value, target);
  if (isEmptyValue(entry.pair.value)) {
    if (!metadata.flow) return fillEmpty(document, { mapping: metadata, pair: entry.pair, step }, [[key, value]]);
    if (entry.pair.value.kind !== 'mapping') return [replaceInFlow(document, entry.pair, { [key]: value }) ?? fail(target)];
  }
  const annotations = ownMapping(located, ['metadata', 'annotations'], target);
  const own = findEntry(annotations, key);
  if (!own || own.merged) return [appendEntry(document, annotations, key, value)];
  if (own.pair.value.kind !== 'alias') refuseShared(own.pair.value, target);
  return replaceValue(document, own.pair, value, annotations) ?? fail(target);
}

function remove(located: LocatedObject, target: EditTarget, key: string): TextEdit[] {
  const document = located.document.text;
  const annotations = ownMapping(located, ['metadata', 'annotations'], target);
  const own = ownEntry(annotations, key, target);
  if (!own) return fail(target);
  const others = annotations.pairs.some((pair) => keyText(pair.key) !== key);
  if (others) return [removePair(document, annotations, own.pair) ?? fail(target)];
  const metadata = ownMapping(located, ['metadata'], target);
  const whole = ownEntry(metadata, 'annotations', target);
  return [(whole && removePair(document, metadata, whole.pair)) ?? fail(target)];
}

/** The pair of a key in the map itself. @throws FluxError `manifests/shared-anchor` if it comes from another map. */
function ownEntry(mapping: YamlMapping, key: string, target: EditTarget): YamlEntry | undefined {
  const entry = findEntry(mapping, key);
  if (entry?.merged) throw sharedText('a merge key <<', target);
  return entry;
}

/** The indentation width of the object. */
function indentStep(located: LocatedObject, metadata: YamlMapping, target: EditTarget): number {
  if (metadata.flow) return 2;
  const text = located.document.text;
  return Math.max(1, indentOf(text, metadata) - indentOf(text, ownMapping(located, [], target)));
}

function annotationsOf({ value }: LocatedObject): Readonly<Record<string, JsonValue>> {
  const metadata = isJsonMap(value) ? value.metadata : undefined;
  const annotations = isJsonMap(metadata) ? metadata.annotations : undefined;
  return isJsonMap(annotations) ? annotations : {};
}

function changed(metadata: JsonValue, steps: readonly (readonly [string, string | null])[]): JsonValue {
  if (!isJsonMap(metadata)) return metadata;
  const { annotations, ...rest } = metadata;
  const map = new Map(Object.entries(isJsonMap(annotations) ? annotations : {}));
  for (const [key, value] of steps) {
    if (value === null) map.delete(key);
    else map.set(key, value);
  }
  return map.size === 0 ? rest : { ...rest, annotations: Object.fromEntries(map) };
}

function fail(target: EditTarget): never {
  throw editFailed(target);
}

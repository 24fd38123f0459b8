import { FluxError, isExactNumber, isJsonMap, type JsonValue, parseYamlDocuments } from '../../base/index.ts';
import { containersOf } from '../../resource/index.ts';
import type { ObjectChange } from '../object-change.ts';

/** Directives of strategic merge patches. */
const DIRECTIVES = ['delete', 'merge', 'replace'];
/** What is around images and annotations in the workloads of Kubernetes. */
const FIELDS = [
  ...['apiVersion', 'kind', 'metadata', 'name', 'namespace', 'annotations', '$patch'],
  ...['spec', 'jobTemplate', 'template', 'containers', 'initContainers', 'image'],
];

/** What an edit may have that the text before has not. */
export interface OwnWords {
  readonly values: readonly string[];
  /** Names of fields; absent where they are those of values that a chart has, which are no secret. */
  readonly fields?: readonly string[];
}

/**
 * All that edits may write into the sources of a unit with decrypted files: what was asked for, and names that are no secret. A rendered
 * object may have anything else from decrypted files.
 */
export function ownWords(changes: readonly ObjectChange[], paths: readonly string[]): Required<OwnWords> {
  const words = changes.flatMap(({ manifest: { object }, change }) => [
    object.apiVersion,
    object.kind,
    ...partsOf(object.metadata.name, /(-)/),
    object.metadata.namespace ?? '',
    ...containersOf(object).flatMap(({ name, image }) => [name, ...partsOf(image, /([/:@])/)]),
    ...(change.kind === 'images'
      ? [...change.images.values()].flatMap((image) => partsOf(image, /([/:@])/))
      : [...change.annotations.values()].flatMap((value) => value ?? [])),
  ]);
  const annotations = changes.flatMap(({ change }) => (change.kind === 'annotations' ? [...change.annotations.keys()] : []));
  return {
    values: [...new Set([...words, ...paths.flatMap((path) => partsOf(path, /(\/)/)), ...DIRECTIVES])],
    fields: [...FIELDS, ...annotations],
  };
}

/** A text, and all that it has between separators. */
function partsOf(text: string, separator: RegExp): readonly string[] {
  const pieces = text.split(separator);
  return pieces.flatMap((_, from) => pieces.slice(from).map((__, length) => pieces.slice(from, from + length + 1).join('')));
}

/**
 * The new text of a source, if each value and each name of a field in it is one of the text before, or one of the words.
 * @throws FluxError `decryption/edit-refused`
 */
export function requireOwnWords(before: string, after: string, { values, fields }: OwnWords): string {
  const known = { value: new Set(values), field: new Set(fields) };
  for (const { kind, text } of wordsIn(before)) known[kind].add(text);
  const isKnown = ({ kind, text }: Word) => known[kind].has(text) || (kind === 'field' && fields === undefined);
  if (wordsIn(after).every(isKnown)) return after;
  throw new FluxError('the edit would write what may be decrypted', {
    code: 'decryption/edit-refused',
    fault: 'user',
    help: 'Nothing was changed. Some files of the unit are encrypted, and the change needs a patch that has more of the object than its names. Make it by hand.',
  });
}

interface Word {
  readonly kind: 'value' | 'field';
  readonly text: string;
}

function wordsIn(text: string): readonly Word[] {
  return [...parseYamlDocuments(text)].flatMap((document) => (document.error ? [] : [...wordsOf(document.value)]));
}

function* wordsOf(value: JsonValue): Generator<Word> {
  if (Array.isArray(value)) for (const each of value) yield* wordsOf(each);
  else if (isJsonMap(value))
    for (const [key, each] of Object.entries(value)) {
      yield { kind: 'field', text: key };
      yield* wordsOf(each);
    }
  else if (value !== null) yield { kind: 'value', text: isExactNumber(value) ? value.rawJSON : String(value) };
}

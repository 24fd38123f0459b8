import { FluxError, type JsonValue, parseYamlDocuments } from '../../base/index.ts';
import { containersOf } from '../../resource/index.ts';
import type { ObjectChange } from '../object-change.ts';

/** Directives of strategic merge patches. */
const DIRECTIVES = ['delete', 'merge', 'replace'];

/**
 * All that edits may write into the sources of a unit with decrypted files: what was asked for, and names that are no secret. A rendered
 * object may have anything else from decrypted files.
 */
export function ownWords(changes: readonly ObjectChange[], paths: readonly string[]): readonly string[] {
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
  return [...new Set([...words, ...paths.flatMap((path) => partsOf(path, /(\/)/)), ...DIRECTIVES])];
}

/** A text, and all that it has between separators. */
function partsOf(text: string, separator: RegExp): readonly string[] {
  const pieces = text.split(separator);
  return pieces.flatMap((_, from) => pieces.slice(from).map((__, length) => pieces.slice(from, from + length + 1).join('')));
}

/**
 * The new text of a source, if each value of it is one of the text before, or one of the words.
 * @throws FluxError `decryption/edit-refused`
 */
export function requireOwnWords(before: string, after: string, words: readonly string[]): string {
  const known = new Set([...words, ...valuesIn(before)]);
  if ([...valuesIn(after)].every((value) => known.has(value))) return after;
  throw new FluxError('the edit would write what may be decrypted', {
    code: 'decryption/edit-refused',
    fault: 'user',
    help: 'Nothing was changed. Some files of the unit are encrypted, and the change needs a patch that has more of the object than its names. Make it by hand.',
  });
}

function* valuesIn(text: string): Generator<string> {
  for (const document of parseYamlDocuments(text)) if (!document.error) yield* leavesOf(document.value);
}

function* leavesOf(value: JsonValue): Generator<string> {
  if (Array.isArray(value)) for (const each of value) yield* leavesOf(each);
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* leavesOf(each);
  else if (value !== null) yield String(value);
}

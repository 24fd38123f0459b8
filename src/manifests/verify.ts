import { isDeepStrictEqual } from 'node:util';
import { FluxError, isJsonMap, type JsonValue, parseYamlDocument, type YamlDocument } from '../base/index.ts';
import { describeTarget, type EditTarget } from './locate.ts';

/**
 * The last safety net of every edit: parses the document again, and compares it with the old document plus the wanted change. All text
 * outside the document is unchanged by construction, as long as the document ends at the expected place.
 * @throws FluxError `manifests/edit-failed`
 */
export function verifyEdit(
  text: string,
  before: YamlDocument,
  { target, tailLength, expected }: { readonly target: EditTarget; readonly tailLength: number; readonly expected: JsonValue },
): string {
  const after = parseYamlDocument(text, target.document);
  const sameRange = after?.offset === before.offset && after.offset + after.text.length === text.length - tailLength;
  if (after && !after.error && sameRange && isDeepStrictEqual(after.value, expected)) return text;
  throw editFailed(target, after?.error);
}

export function editFailed(target: EditTarget, cause?: unknown): FluxError {
  return new FluxError(`${describeTarget(target)} cannot be edited in place`, {
    code: 'manifests/edit-failed',
    fault: 'user',
    help: 'The file’s formatting does not allow this change without affecting other parts. Nothing was changed; edit the file by hand.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A copy of JSON data with the value at a path replaced; data off the path is shared. */
export function updateAt(value: JsonValue, path: readonly (string | number)[], change: (old: JsonValue) => JsonValue): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? updateAt(item, rest, change) : item));
  if (!isJsonMap(value)) return value;
  return { ...value, [step]: updateAt(value[step] ?? null, rest, change) };
}

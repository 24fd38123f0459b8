import { isDeepStrictEqual } from 'node:util';
import {
  applyEdits,
  FluxError,
  isJsonMap,
  type JsonValue,
  parseYamlDocument,
  type TextEdit,
  type YamlDocument,
} from '../base/index.ts';
import { describeTarget, type EditTarget } from './locate.ts';

/** Puts edits of one document into the whole text. */
export function spliceDocument(text: string, { offset, text: before }: YamlDocument, edits: readonly TextEdit[]): string {
  return text.slice(0, offset) + applyEdits(before, edits) + text.slice(offset + before.length);
}

/**
 * The last safety net of every edit: reads the document again, and compares it with the old one in which just the wanted change
 * was made. All text outside of the document is the same by construction, as long as the document ends where it should.
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
  return new FluxError(`${describeTarget(target)} cannot be changed in place`, {
    code: 'manifests/edit-failed',
    fault: 'user',
    help: 'The file is written in a way that this change cannot be made in without touching more. Nothing was changed; edit it by hand.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A copy of JSON data in which the value at a path is replaced; data off the path is not copied. */
export function updateAt(value: JsonValue, path: readonly (string | number)[], change: (old: JsonValue) => JsonValue): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? updateAt(item, rest, change) : item));
  if (!isJsonMap(value)) return value;
  return { ...value, [step]: updateAt(value[step] ?? null, rest, change) };
}

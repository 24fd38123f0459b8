import { isDeepStrictEqual } from 'node:util';
import { goJson, isExactNumber, type JsonValue, parseYamlDocuments } from '../../../src/base/index.ts';
import type { Answer } from './kubernetes-reader.ts';

/** Where we and Kubernetes part over a stream: at the first document for which only one has a value, or both have another. */
export interface Difference {
  readonly text: string;
  /** `undefined` where there is no document any more, or it was refused. */
  readonly ours?: JsonValue | undefined;
  readonly ourError?: string | undefined;
  readonly theirs?: JsonValue | undefined;
  readonly theirError?: string | undefined;
}

/** Documents without a value (`---` upon `---`, comments) are left out on both sides, as kubectl does. Refusals need not agree in words. */
export function difference(text: string, answers: readonly Answer[]): Difference | undefined {
  const ours = [...parseYamlDocuments(text)].filter((document) => document.error || document.value !== null);
  const theirs = answers.filter((answer) => 'error' in answer || answer.json !== 'null');
  for (let n = 0; n < Math.max(ours.length, theirs.length); n++) {
    const [we, they] = [ours[n], theirs[n]];
    if (we?.error && they && 'error' in they) continue;
    if (we && !we.error && they && 'json' in they && isSame(we.value, they.json)) continue;
    return {
      text,
      ours: we?.error ? undefined : we?.value,
      ourError: we?.error?.message,
      theirs: they && 'json' in they ? JSON.parse(they.json) : undefined,
      theirError: they && 'error' in they ? they.error : undefined,
    };
  }
  return undefined;
}

function isSame(value: JsonValue, json: string): boolean {
  const text = sortedJson(value);
  if (text === json.replaceAll('\\ufffd', '\uFFFD')) return true;
  // Numbers and escapes may be spelled in two ways. Long integers are not: their digits must be the same.
  return (
    !/[0-9]{16}/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '')) &&
    isDeepStrictEqual(JSON.parse(text), JSON.parse(json.replace(/(?<=[[:,])-0(?=[\],}])/g, '0')))
  );
}

/** As Go writes it: keys sorted. */
function sortedJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return goJson(value);
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${goJson(key)}:${sortedJson(value[key] ?? null)}`);
  return `{${pairs.join(',')}}`;
}

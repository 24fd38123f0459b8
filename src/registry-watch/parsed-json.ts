import { type Fields, isFields } from '../resource/index.ts';

/** The value in a JSON text; undefined if it is none. The parser's error is not kept: its message may quote a secret of the text. */
export function parsedJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Outside text may be anything.
    return undefined;
  }
}

/** The object in a JSON text; undefined if there is none. */
export function jsonObjectIn(text: string): Fields | undefined {
  const value = parsedJson(text);
  return isFields(value) ? value : undefined;
}

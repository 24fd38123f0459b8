import { parseYamlDocument } from '../../base/index.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { badRequest } from './status.ts';

export interface ParsedBody {
  readonly value: Json;
  /** Paths of duplicate keys; the last one applies. */
  readonly duplicates: readonly string[];
}

/** Parses JSON and records duplicate keys. Throws SyntaxError. */
export function parseBody(text: string): ParsedBody {
  const value = JSON.parse(text) as Json;
  // The slower scan runs only if the text is longer than its parsed value.
  const lengthOf = (part: string) => part.replace(/\s/g, '').length;
  const duplicates = lengthOf(text) > lengthOf(JSON.stringify(value)) ? findDuplicates(text) : [];
  return { value, duplicates };
}

/** Like parseBody, for bodies that may be YAML. Throws SyntaxError or FluxError. */
export function parseYamlBody(text: string): ParsedBody {
  if (text.trimStart().startsWith('{')) return parseBody(text);
  const document = parseYamlDocument(text, 1);
  if (!document) throw new SyntaxError('the body is empty');
  if (document.error) throw document.error;
  return parseBody(JSON.stringify(document.value));
}

/** Scans valid JSON and returns the paths of duplicate keys. */
function findDuplicates(text: string): readonly string[] {
  const duplicates: string[] = [];
  const stack: { readonly keys: Set<string> | undefined; key: string; index: number }[] = [];
  const pathOf = (key: string) =>
    [...stack.slice(0, -1).map((frame) => (frame.keys ? frame.key : `[${frame.index}]`)), key].join('.').replaceAll('.[', '[');
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\],]/g)) {
    const [token, colon] = match;
    const top = stack.at(-1);
    if (token === '{') stack.push({ keys: new Set(), key: '', index: 0 });
    else if (token === '[') stack.push({ keys: undefined, key: '', index: 0 });
    else if (token === '}' || token === ']') stack.pop();
    else if (token === ',' && top && !top.keys) top.index++;
    else if (colon !== undefined && top?.keys) {
      const key = JSON.parse(token.slice(0, token.length - colon.length)) as string;
      if (top.keys.has(key)) duplicates.push(pathOf(key));
      top.keys.add(key);
      top.key = key;
    }
  }
  return duplicates;
}

/** The body as an object of the kind. Throws ApiError 400. */
export function parseObject(text: string, kind: string): { readonly value: JsonObject; readonly duplicates: readonly string[] } {
  let parsed: ParsedBody;
  try {
    parsed = parseBody(text);
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${(error as Error).message}`,
    );
  }
  if (!isObject(parsed.value))
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error`,
    );
  return { value: parsed.value, duplicates: parsed.duplicates };
}

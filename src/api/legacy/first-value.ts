import { parseJson } from '../body.ts';

/**
 * Parses the first JSON value of a body and ignores the rest, as Go's stream decoder does, which Flux v1 reads bodies with.
 * @throws FluxError `api/bad-request`.
 */
export function parseFirstJson(body: string): unknown {
  return parseJson(body.slice(0, endOfFirst(body)));
}

const WORD = /[\t\n\r ]*(?:true|false|null)/y;

/** The end of the object, list, string or word at the start of the body, or else of the body. Reads each character once. */
function endOfFirst(body: string): number {
  WORD.lastIndex = 0;
  if (WORD.test(body)) return WORD.lastIndex;
  let depth = 0;
  let inText = false;
  for (let at = 0; at < body.length; at += 1) {
    const character = body[at];
    if (inText && character === '\\') at += 1;
    else if (character === '"') inText = !inText;
    else if (!inText && (character === '{' || character === '[')) depth += 1;
    else if (!inText && (character === '}' || character === ']')) depth -= 1;
    else if (inText || depth > 0 || SPACE.includes(character ?? '')) continue;
    else return body.length;
    if (depth <= 0 && !inText) return at + 1;
  }
  return body.length;
}

const SPACE = '\t\n\r ';

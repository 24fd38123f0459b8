import { hidesContent } from './foreign-breaks.ts';

/** A document's part of a stream, including its `---` line and the directives and comments before it. */
export interface DocumentRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Splits a YAML stream into documents. A line that starts with `---` or `...` always is a marker (YAML 1.2, rule c-forbidden: no scalar
 * may contain such a line at column 0), so no parser is needed, and an invalid document never hides the next one. Mere blank lines and
 * comments are not a document; `---` with nothing after it is.
 */
export function* splitDocuments(text: string): Generator<DocumentRange> {
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  let explicit = false;
  for (const at of markers(text, start)) {
    const filled = explicit || hasContent(text, start, at);
    if (text[at] === '-') {
      if (filled) {
        yield { start, end: at };
        start = at;
      }
      explicit = true;
      continue;
    }
    const next = lineEnd(text, at);
    if (filled) yield { start, end: next };
    start = next;
    explicit = false;
  }
  if (explicit || hasContent(text, start, text.length)) yield { start, end: text.length };
}

/** Offsets of all lines from `start` that begin with a marker. */
function* markers(text: string, start: number): Generator<number> {
  if (isDocumentMarker(text, start)) yield start;
  const searches = ['\n---', '\n...', '\r---', '\r...'].map((wanted) => ({ wanted, at: text.indexOf(wanted, start) }));
  for (;;) {
    const next = searches.reduce((a, b) => (b.at >= 0 && (a.at < 0 || b.at < a.at) ? b : a));
    if (next.at < 0) return;
    if (isDocumentMarker(text, next.at + 1)) yield next.at + 1;
    next.at = text.indexOf(next.wanted, next.at + 1);
  }
}

/** Whether the line at an offset starts with a marker. */
export function isDocumentMarker(text: string, at: number): boolean {
  return (text.startsWith('---', at) || text.startsWith('...', at)) && /^[ \t\r\n]?$/.test(text.charAt(at + 3));
}

/** False if there are only blank lines, comments and `%` directives. */
function hasContent(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; ) {
    const end = Math.min(lineEnd(text, at), to);
    let first = at;
    while (first < end && /[ \t\r\n]/.test(text[first] ?? '')) first++;
    const char = text[first];
    if (first < end && char !== '#' && !(char === '%' && first === at)) return true;
    // Parsing it will report the error.
    if (char === '#' && hidesContent(text.slice(first, end))) return true;
    at = end;
  }
  return false;
}

/** Offset after the line break of the line of `at`, or the end of the text. */
function lineEnd(text: string, at: number): number {
  for (let end = at; end < text.length; end++) {
    const char = text.charCodeAt(end);
    if (char === 10) return end + 1;
    if (char === 13) return text.charCodeAt(end + 1) === 10 ? end + 2 : end + 1;
  }
  return text.length;
}

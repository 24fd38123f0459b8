import type { YamlNode, YamlPair, YamlScalar } from './node.ts';

/** End of a node's text: after its quotes or closing bracket; for block scalars and block collections before the last line break. */
export function endOf(text: string, node: YamlNode): number {
  switch (node.kind) {
    case 'alias':
      return node.end;
    case 'scalar':
      if (node.start < 0) return node.propertiesEnd;
      return node.contentStart < 0 ? node.end : endOfBlock(text, node);
    case 'mapping': {
      const last = node.pairs.at(-1);
      if (!node.flow) return last ? endOfPair(text, last) : node.start;
      return skipTo(text, last ? endOfPair(text, last) : node.start + 1, '}') + 1;
    }
    case 'sequence': {
      let end = node.flow ? node.start + 1 : node.start;
      for (const item of node.items) {
        const itemEnd = endOf(text, item);
        end = itemEnd >= 0 ? itemEnd : skipTo(text, end, '-') + 1;
      }
      return node.flow ? skipTo(text, end, ']') + 1 : end;
    }
  }
}

export function endOfPair(text: string, { key, value }: YamlPair): number {
  const end = endOf(text, value);
  return end >= 0 ? end : (colonAfter(text, key) ?? endOf(text, key));
}

/** Offset after the `:` that follows a key, or undefined if there is none (`{a}`, `? a`). */
export function colonAfter(text: string, key: YamlNode): number | undefined {
  const end = endOf(text, key);
  const at = skipTo(text, end, ':');
  return text[at] === ':' ? at + 1 : undefined;
}

/** Start of the line of an offset, and its end before the line break. */
export function lineAround(text: string, at: number): { readonly start: number; readonly end: number } {
  let start = at;
  while (start > 0 && !isBreak(text, start - 1)) start--;
  let end = at;
  while (end < text.length && !isBreak(text, end)) end++;
  return { start, end };
}

/** Offset after the line break at an offset. */
export function afterBreak(text: string, at: number): number {
  return text.startsWith('\r\n', at) ? at + 2 : at < text.length ? at + 1 : at;
}

/** The line break used around an offset: the next one, or else the first one of the text. */
export function lineBreak(text: string, at: number): string {
  return /\r\n|\r|\n/.exec(text.slice(lineAround(text, at).end))?.[0] ?? /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
}

function endOfBlock(text: string, node: YamlScalar): number {
  let end = node.end;
  const trim = () => {
    if (text[end - 1] === '\n') end--;
    if (text[end - 1] === '\r') end--;
  };
  if (node.keep) {
    trim();
    return end;
  }
  // Trailing blank lines are excluded, so they stay in place.
  const content = text.slice(node.contentStart, node.end).trimEnd();
  if (content !== '') return lineAround(text, node.contentStart + content.length).end;
  return lineAround(text, node.start).end;
}

/** Offset of the wanted character after spaces, line breaks, commas and comments, or of the first other character. */
function skipTo(text: string, from: number, wanted: string): number {
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === wanted) return at;
    if (char === '#') at = lineAround(text, at).end - 1;
    else if (!/[\s,]/.test(char)) return at;
  }
  return text.length;
}

function isBreak(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 10 || code === 13;
}

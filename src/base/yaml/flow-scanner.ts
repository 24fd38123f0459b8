import { isDocumentMarker } from './stream.ts';

/** Brackets or quotes, by the offsets of their first character and after their last. */
export interface FlowRegion {
  readonly start: number;
  readonly end: number;
}

/** Replaces `length` characters: inserts spaces, or replaces a tab with a space, or a `'` with a `"`. */
export interface Change {
  readonly at: number;
  readonly length: 0 | 1;
  readonly text: string;
}

/** A text that needs more changes is garbage, and keeps its error. */
const MAX_CHANGES = 100_000;
const MAX_GROWTH = 4 << 20;

/** Scans a document token by token as libyaml does; of its structure it tracks only the columns of block collections. */
export class FlowScanner {
  readonly changes: Change[] = [];
  readonly regions: FlowRegion[] = [];
  needsTooMuch = false;
  #growth = 0;
  readonly #text: string;
  #at = 0;
  #lineStart = 0;
  /** Columns of the enclosing block collections, the innermost last. */
  readonly #columns = [-1];

  constructor(text: string) {
    this.#text = text;
  }

  scan(): void {
    const text = this.#text;
    /** Start of a token that is a key if a colon follows. */
    let key: number | undefined;
    let tabsAllowed = false;
    while (this.#at < text.length) {
      const char = text[this.#at] ?? '';
      const column = this.#at - this.#lineStart;
      if (isBreak(char)) {
        this.#at++;
        this.#lineStart = this.#at;
        key = undefined;
        tabsAllowed = false;
      } else if (char === ' ' || char === '\t' || char === '\uFEFF') {
        if (char === '\t' && tabsAllowed) this.#change(this.#at, 1, ' ');
        this.#at++;
      } else if (char === '#') {
        this.#at = this.#comment(this.#at);
      } else if (column === 0 && (char === '%' || isDocumentMarker(text, this.#at))) {
        this.#columns.length = 1;
        this.#at = char === '%' ? lineEnd(text, this.#at) : this.#at + 3;
      } else {
        while ((this.#columns.at(-1) ?? -1) > column) this.#columns.pop();
        tabsAllowed = !((char === '-' || char === '?') && this.#isBlankAfter());
        if (!tabsAllowed || (char === ':' && this.#isBlankAfter())) {
          this.#open(key ?? column);
          key = undefined;
          this.#at++;
        } else if (char === '|' || char === '>') {
          this.#blockScalar();
          key = undefined;
        } else {
          key ??= column;
          this.#node(char);
        }
      }
    }
  }

  #node(char: string): void {
    if (char === '&' || char === '*' || char === '!') this.#at = this.#wordEnd(this.#at, false);
    else if (char === '"' || char === "'") this.#region(this.changes.length, this.#quotedEnd(this.#at));
    else if (char === '[' || char === '{') this.#region(this.changes.length, this.#flowEnd());
    else this.#plain();
  }

  #change(at: number, length: 0 | 1, text: string): void {
    this.#growth += text.length - length;
    if (this.changes.length >= MAX_CHANGES || this.#growth > MAX_GROWTH) this.needsTooMuch = true;
    else this.changes.push({ at, length, text });
  }

  /** Whether white space, or the end, follows the indicator. */
  #isBlankAfter(): boolean {
    return /^\s?$/.test(this.#text.charAt(this.#at + 1));
  }

  #open(column: number): void {
    if (column > (this.#columns.at(-1) ?? -1)) this.#columns.push(column);
  }

  get #indent(): number {
    return (this.#columns.at(-1) ?? -1) + 1;
  }

  #region(known: number, end: number): void {
    const [text, start] = [this.#text, this.#at];
    // js-yaml requires more than the enclosing collection, or for the root at least the line that it starts on; after an anchor or a tag
    // one more.
    const indent = (this.#columns.length > 1 ? this.#indent : skipSpaces(text, this.#lineStart) - this.#lineStart) + 1;
    for (let at = start; at < end; at++) {
      const char = text[at] ?? '';
      if (char === '\t') this.#change(at, 1, ' ');
      if (!isBreak(char)) continue;
      this.#lineStart = at + 1;
      const first = skipSpaces(text, at + 1);
      const missing = indent - (first - at - 1);
      if (missing > 0 && first < end && !isBreak(text[first] ?? '')) this.#change(at + 1, 0, ' '.repeat(missing));
    }
    if (this.changes.length > known) this.regions.push({ start, end });
    this.#at = end;
  }

  /** For Kubernetes a comment may follow without a space, as in `{}# c`. */
  #comment(at: number): number {
    if (/\S/.test(this.#text[at - 1] ?? ' ')) this.#change(at, 0, ' ');
    return lineEnd(this.#text, at);
  }

  /** End of an anchor, alias or tag. For Kubernetes a colon after an alias is not part of its name. */
  #wordEnd(from: number, flow: boolean): number {
    const text = this.#text;
    let at = text.startsWith('!<', from) ? Math.max(text.indexOf('>', from), from) : from;
    while (at < text.length && !(flow ? /[\s,[\]{}]/ : /\s/).test(text[at] ?? '')) at++;
    if (text[from] !== '*' || text[at - 1] !== ':') return at;
    this.#change(at - 1, 0, ' ');
    return at - 1;
  }

  /** Offset after the closing quote. Kubernetes also accepts the escape \'. */
  #quotedEnd(from: number): number {
    const text = this.#text;
    const quote = text[from];
    for (let at = from + 1; at < text.length; at++) {
      if (text[at] === '\\' && quote === '"') {
        at++;
        if (text[at] === "'") this.#change(at, 1, '"');
      } else if (text[at] === quote) {
        if (quote === '"' || text[at + 1] !== quote) return at + 1;
        at++;
      }
    }
    return text.length;
  }

  /** Offset after the matching closing bracket. */
  #flowEnd(): number {
    const text = this.#text;
    let depth = 0;
    for (let at = this.#at; at < text.length; ) {
      const char = text[at] ?? '';
      if (char === '"' || char === "'") at = this.#quotedEnd(at);
      else if (char === '#') at = this.#comment(at);
      else if (/[\s,:?[\]{}]/.test(char)) {
        at++;
        if (char === '[' || char === '{') depth++;
        if ((char === ']' || char === '}') && --depth === 0) return at;
      } else if (char === '&' || char === '*' || char === '!') at = this.#wordEnd(at, true);
      else at = flowPlainEnd(text, at);
    }
    return text.length;
  }

  /** A plain scalar, which continues on lines that are indented deep enough. */
  #plain(): void {
    const text = this.#text;
    for (;;) {
      const end = plainEnd(text, this.#at, false);
      this.#at = end;
      if (end < text.length && !isBreak(text[end] ?? '')) return;
      let next = end;
      let start = end;
      while (next < text.length && /\s/.test(text[next] ?? '')) {
        if (isBreak(text[next] ?? '')) start = next + 1;
        next++;
      }
      if (
        next >= text.length ||
        next - start < this.#indent ||
        text[next] === '#' ||
        (next === start && isDocumentMarker(text, next))
      )
        return;
      this.#at = next;
      this.#lineStart = start;
    }
  }

  #blockScalar(): void {
    const text = this.#text;
    const header = /^[-+0-9]*/.exec(text.slice(this.#at + 1, this.#at + 4))?.[0] ?? '';
    const digit = Number(/[1-9]/.exec(header)?.[0] ?? 0);
    let indent = digit === 0 ? 0 : Math.max(this.#indent - 1, 0) + digit;
    const comment = this.#at + 1 + header.length;
    let at = afterLine(text, text[comment] === '#' ? this.#comment(comment) : comment);
    while (at < text.length) {
      const first = skipSpaces(text, at);
      if (!isBreak(text[first] ?? '')) {
        if (indent === 0) indent = Math.max(first - at, this.#indent, 1);
        if (first - at < indent || (first === at && isDocumentMarker(text, at))) break;
      }
      at = afterLine(text, first);
    }
    this.#at = at;
    this.#lineStart = at;
  }
}

function isBreak(char: string): boolean {
  return char === '\n' || char === '\r';
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at++;
  return at;
}

function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isBreak(text[at] ?? '')) at++;
  return at;
}

function afterLine(text: string, from: number): number {
  const end = lineEnd(text, from);
  return text.startsWith('\r\n', end) ? end + 2 : Math.min(end + 1, text.length);
}

/** End of a plain scalar's part on a line. */
function plainEnd(text: string, from: number, flow: boolean): number {
  let at = from;
  for (; at < text.length; at++) {
    const char = text[at] ?? '';
    if (isBreak(char)) break;
    if (char === '#' && /\s/.test(text[at - 1] ?? '')) break;
    if (flow && /[,[\]{}]/.test(char)) break;
    if (char === ':' && (flow ? /^[\s,[\]{}]?$/ : /^\s?$/).test(text.charAt(at + 1))) break;
  }
  return at;
}

/** End of a plain scalar in brackets, which may span lines. */
function flowPlainEnd(text: string, from: number): number {
  for (let at = from; ; ) {
    const end = plainEnd(text, at, true);
    if (!isBreak(text[end] ?? '')) return Math.max(end, from + 1);
    at = end;
    while (/\s/.test(text[at] ?? '')) at++;
    if (text[at] === '#') return at;
  }
}

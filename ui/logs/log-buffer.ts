/** A line that is kept. */
export interface KeptLine {
  /** Grows by one with each line. */
  readonly number: number;
  /** As Kubernetes wrote it, RFC 3339; empty if there is none. */
  readonly time: string;
  readonly text: string;
}

/** Lines and characters that are kept in memory, and of these lines the last ones that are drawn. */
export const MAX_KEPT = 10_000;
export const MAX_KEPT_CHARACTERS = 8 * 2 ** 20;
export const MAX_DRAWN = 1_000;

/** Characters that are drawn for each line that might be, on average: to lay out long lines takes as long as many short ones. */
const CHARACTERS_PER_LINE = 200;

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) /;

/** The last lines of a log. */
export class LogBuffer {
  #lines: KeptLine[] = [];
  #added = 0;
  #characters = 0;
  #found: Found = { wanted: '', next: 0, lines: [] };

  /** Number of all lines that were added. */
  get added(): number {
    return this.#added;
  }

  /** Number of the lines that are kept no longer. */
  get dropped(): number {
    return this.#added - this.#lines.length;
  }

  add(lines: readonly string[]): void {
    const added = lines.map((line, index) => {
      const [stamp = '', time = ''] = TIME.exec(line) ?? [];
      return { number: this.#added + index, time, text: line.slice(stamp.length) };
    });
    this.#added += added.length;
    this.#characters += sizeOf(added);
    this.#lines.push(...added);
    // Seldom, so that not every line moves all others.
    if (this.#lines.length > 1.2 * MAX_KEPT || this.#characters > 1.2 * MAX_KEPT_CHARACTERS) this.#drop();
  }

  #drop(): void {
    this.#lines = lastWithin(this.#lines, MAX_KEPT, MAX_KEPT_CHARACTERS);
    this.#characters = sizeOf(this.#lines);
    this.#found = { ...this.#found, lines: this.#found.lines.filter(({ number }) => number >= this.dropped) };
  }

  /** The lines before a number whose text has a text in it, without regard to case. */
  matching(filter: string, before: number): readonly KeptLine[] {
    const lines = filter === '' ? this.#lines : this.#find(filter.toLowerCase());
    return lines.filter(({ number }) => number < before);
  }

  /** Looks only in what came since the same was looked for. */
  #find(wanted: string): readonly KeptLine[] {
    const { next, lines } = wanted === this.#found.wanted ? this.#found : { next: 0, lines: [] };
    const newer = this.#lines.slice(Math.max(0, next - this.dropped)).filter(({ text }) => text.toLowerCase().includes(wanted));
    this.#found = { wanted, next: this.#added, lines: [...lines, ...newer] };
    return this.#found.lines;
  }
}

interface Found {
  /** In lower case. */
  readonly wanted: string;
  /** The number of the first line that was not looked in. */
  readonly next: number;
  readonly lines: readonly KeptLine[];
}

/** The last of some lines: at most so many, fewer of long ones, and at least one. */
export function lastOf(lines: readonly KeptLine[], count: number): readonly KeptLine[] {
  return lastWithin(lines, count, count * CHARACTERS_PER_LINE);
}

function lastWithin(lines: readonly KeptLine[], count: number, characters: number): KeptLine[] {
  let room = characters;
  const from = lines.findLastIndex(({ text }, at) => {
    room -= text.length;
    return at < lines.length - count || (room < 0 && at < lines.length - 1);
  });
  return lines.slice(from + 1);
}

function sizeOf(lines: readonly KeptLine[]): number {
  return lines.reduce((sum, { text }) => sum + text.length, 0);
}

/** A line that is kept. */
export interface KeptLine {
  /** Grows by one with each line. */
  readonly number: number;
  /** As Kubernetes wrote it, RFC 3339; empty if there is none. */
  readonly time: string;
  readonly text: string;
}

/** Lines that are kept in memory, and of these the last ones that are drawn. */
export const MAX_KEPT = 10_000;
export const MAX_DRAWN = 1_000;

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) /;

/** The last lines of a log. */
export class LogBuffer {
  #lines: KeptLine[] = [];
  #added = 0;

  /** Number of all lines that were added. */
  get added(): number {
    return this.#added;
  }

  /** Number of the lines that are kept no longer. */
  get dropped(): number {
    return this.#added - this.#lines.length;
  }

  add(lines: readonly string[]): void {
    for (const line of lines) {
      const [stamp = '', time = ''] = TIME.exec(line) ?? [];
      this.#lines.push({ number: this.#added, time, text: line.slice(stamp.length) });
      this.#added += 1;
    }
    // Seldom, so that not every line moves all others.
    if (this.#lines.length > 1.2 * MAX_KEPT) this.#lines = this.#lines.slice(-MAX_KEPT);
  }

  /** The lines before a number whose text has a text in it, without regard to case. */
  matching(filter: string, before: number): readonly KeptLine[] {
    const wanted = filter.toLowerCase();
    return this.#lines.filter(({ number, text }) => number < before && (wanted === '' || text.toLowerCase().includes(wanted)));
  }
}

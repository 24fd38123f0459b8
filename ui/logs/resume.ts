/** Lines of two outputs of one container may be written in another order than that of their times, by far less than this. */
const MARGIN_MS = 1_000;

interface Seen {
  readonly line: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Goes on with a log where a reading ended, so that no line is lost or shown twice. Kubernetes gives all lines since a whole second, in
 * the same order, so what was seen since then comes again, and after it what is new.
 */
export class Resume {
  /** The lines that a next reading repeats. */
  #seen: Seen[] = [];
  #newest = Number.NEGATIVE_INFINITY;
  /** How often each line of the last reading is still to come again. */
  #repeated = new Map<string, number>();

  /** RFC 3339, for the next reading; undefined before the first line. */
  get sinceTime(): string | undefined {
    return this.#newest === Number.NEGATIVE_INFINITY ? undefined : `${new Date(this.#since).toISOString().slice(0, 19)}Z`;
  }

  /** Forgets what was seen: the next reading has nothing to do with the last one. */
  restart(): void {
    this.#seen = [];
    this.#newest = Number.NEGATIVE_INFINITY;
  }

  /** A reading begins, since `sinceTime`. */
  begin(): void {
    this.#repeated = new Map();
    for (const { line } of this.#seen) this.#repeated.set(line, (this.#repeated.get(line) ?? 0) + 1);
  }

  /** The lines of a reading that were not seen before. */
  add(lines: readonly string[]): readonly string[] {
    return lines.filter((line) => this.#isNew(line));
  }

  #isNew(line: string): boolean {
    const repeats = this.#repeated.get(line) ?? 0;
    if (repeats > 0) {
      this.#repeated.set(line, repeats - 1);
      return false;
    }
    const before = this.#since;
    const at = timeOf(line) ?? this.#newest;
    this.#newest = Math.max(this.#newest, at);
    this.#seen.push({ line, at });
    if (this.#since > before) this.#seen = this.#seen.filter((each) => each.at >= this.#since);
    return true;
  }

  get #since(): number {
    return Math.floor((this.#newest - MARGIN_MS) / 1000) * 1000;
  }
}

/** When a line was written, in milliseconds since the epoch; undefined for one that the kubelet added. */
export function timeOf(line: string): number | undefined {
  const time = Date.parse(line.slice(0, line.indexOf(' ')));
  return Number.isNaN(time) ? undefined : time;
}

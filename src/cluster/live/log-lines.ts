import { printable } from '../../base/index.ts';

/** A longer line is cut. */
const MAX_LINE_BYTES = 16 * 1024;
const CUT = '… (cut)';
const LINE_END = 10;

/** Makes lines of the bytes of a log, which may be of any program: text that is no UTF-8 is replaced, control characters are removed. */
export class LogLines {
  /** The beginning of a line whose end has not come. */
  #parts: Buffer[] = [];
  #size = 0;

  /** The lines that end in a chunk. */
  add(chunk: Buffer): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(...this.end());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** A last line without an end, if there is one. */
  end(): readonly string[] {
    const [size, bytes] = [this.#size, Buffer.concat(this.#parts)];
    [this.#parts, this.#size] = [[], 0];
    if (size === 0) return [];
    return [printable(bytes.toString('utf8')) + (size > MAX_LINE_BYTES ? CUT : '')];
  }

  #keep(part: Buffer): void {
    const room = MAX_LINE_BYTES - this.#size;
    // A copy, since the part would keep its whole chunk in memory.
    if (room > 0 && part.length > 0) this.#parts.push(Buffer.from(part.subarray(0, room)));
    this.#size += part.length;
  }
}

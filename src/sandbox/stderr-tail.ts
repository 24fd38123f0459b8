const MAX_BYTES = 4096;
const MAX_LINES = 20;

/** Keeps the end of a stream of text: at most 20 lines and 4 KiB. */
export class StderrTail {
  #bytes = Buffer.alloc(0);

  add(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(-MAX_BYTES)]).subarray(-MAX_BYTES);
  }

  text(): string {
    // Bytes of a character whose beginning was cut off.
    const start = this.#bytes.findIndex((byte) => (byte & 0xc0) !== 0x80);
    const lines = this.#bytes.subarray(Math.max(start, 0)).toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-MAX_LINES).join('\n');
  }
}

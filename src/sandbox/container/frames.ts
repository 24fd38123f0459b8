/**
 * Frames of the connection to the sandbox: the length of a header in four bytes (big-endian), the header as JSON, and as many bytes as its
 * `size` says, if it has one.
 */

export const MAX_HEADER = 64 * 1024;
const LENGTH_BYTES = 4;

/** What the other side of the connection may not send. Its message quotes nothing of it. */
export class ProtocolViolation extends Error {}

export interface Frame<T> {
  readonly message: T;
  /** Empty for a message without size. */
  readonly payload: Buffer;
}

/** A frame as it is written. */
export function encodeFrame(message: object, payload?: Buffer): Buffer {
  const header = Buffer.from(JSON.stringify(payload ? { ...message, size: payload.length } : message));
  if (header.length > MAX_HEADER) throw new ProtocolViolation(`a header of ${header.length} bytes cannot be sent`);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(header.length);
  return Buffer.concat(payload ? [length, header, payload] : [length, header]);
}

type Part<T> =
  | { readonly kind: 'length' | 'header'; readonly bytes: number }
  | { readonly kind: 'payload'; readonly bytes: number; readonly message: T };

/** Cuts a stream into frames, of which at most one is held. */
export class FrameReader<T extends { readonly size?: number | undefined }> {
  readonly #parse: (header: unknown) => T;
  #part: Part<T> = { kind: 'length', bytes: LENGTH_BYTES };
  #chunks: Buffer[] = [];
  #held = 0;

  /** @param parse Checks a header, and the bound of its size; throws ProtocolViolation */
  constructor(parse: (header: unknown) => T) {
    this.#parse = parse;
  }

  /** The frames that these bytes complete. @throws ProtocolViolation */
  *read(chunk: Buffer): Generator<Frame<T>> {
    let rest = chunk;
    for (;;) {
      const missing = this.#part.bytes - this.#held;
      if (rest.length < missing) {
        if (rest.length > 0) this.#chunks.push(rest);
        this.#held += rest.length;
        return;
      }
      const part = Buffer.concat([...this.#chunks, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      this.#chunks = [];
      this.#held = 0;
      const frame = this.#advance(part);
      if (frame) yield frame;
    }
  }

  #advance(bytes: Buffer): Frame<T> | undefined {
    const part = this.#part;
    if (part.kind === 'length') {
      const length = bytes.readUInt32BE();
      if (length === 0 || length > MAX_HEADER) throw new ProtocolViolation(`a header has ${length} bytes`);
      this.#part = { kind: 'header', bytes: length };
      return undefined;
    }
    this.#part = { kind: 'length', bytes: LENGTH_BYTES };
    if (part.kind === 'payload') return { message: part.message, payload: bytes };
    const message = this.#parse(jsonIn(bytes));
    if (message.size === undefined) return { message, payload: Buffer.alloc(0) };
    this.#part = { kind: 'payload', bytes: message.size, message };
    return undefined;
  }
}

function jsonIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw new ProtocolViolation('a header is not JSON', { cause });
  }
}

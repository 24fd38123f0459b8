import type { IncomingMessage } from 'node:http';
import { FluxError } from '../base/index.ts';
import { badRequest } from './status.ts';

const MAX_BYTES = 1024 * 1024;

/**
 * Rejects content types that a web page can send without a CORS preflight (S-072): forms and plain text.
 * @throws FluxError `api/unsupported-media-type`.
 */
export function checkContentType(contentType: string | undefined, kind: 'json' | 'legacy'): void {
  if (contentType === undefined && kind === 'legacy') return;
  if (contentType !== undefined && /^application\/json\s*(?:;|$)/i.test(contentType)) return;
  throw new FluxError(`content type ${JSON.stringify(contentType?.slice(0, 100) ?? '')} is not accepted`, {
    code: 'api/unsupported-media-type',
    fault: 'user',
    help: 'Send the body as JSON, with the header Content-Type: application/json.',
  });
}

/** The part of a budget that one request holds until disposed. */
export interface Hold extends Disposable {
  /** @throws FluxError `api/busy` when other requests hold too much. */
  take(bytes: number): void;
  /** The body is complete and can no longer be evicted. */
  complete(): void;
  /** Called when the bytes are needed for other requests. */
  onGiveWay: (error: FluxError) => void;
}

/**
 * The bytes that the request bodies of one listener may hold together. When they run out, the body that has been arriving for longest
 * is evicted: a well-behaved client finishes within moments, and slow ones cannot keep it out.
 */
export class BodyBudget {
  readonly #maxBytes: number;
  #held = 0;
  /** Arriving bodies, oldest first. */
  readonly #underway = new Set<{ readonly hold: Hold; bytes: number }>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  hold(): Hold {
    let isDisposed = false;
    const release = () => {
      if (isDisposed) return;
      isDisposed = true;
      this.#underway.delete(entry);
      this.#held -= entry.bytes;
    };
    const hold: Hold = {
      take: (bytes) => {
        if (isDisposed) throw tooMany();
        this.#makeRoom(bytes, hold);
        entry.bytes += bytes;
        this.#held += bytes;
      },
      complete: () => void this.#underway.delete(entry),
      onGiveWay: () => {},
      [Symbol.dispose]: release,
    };
    const entry = { hold, bytes: 0 };
    this.#underway.add(entry);
    return hold;
  }

  #makeRoom(bytes: number, asking: Hold): void {
    for (const { hold } of this.#underway) {
      if (this.#held + bytes <= this.#maxBytes) return;
      if (hold === asking) break;
      hold[Symbol.dispose]();
      hold.onGiveWay(tooMany());
    }
    if (this.#held + bytes > this.#maxBytes) throw tooMany();
  }
}

function tooMany(): FluxError {
  return new FluxError('too many requests are being read', {
    code: 'api/busy',
    help: 'Retry in a few seconds.',
    expected: true,
  });
}

export interface ReadLimits {
  /** Size limit of this body in bytes; 1 MiB by default. */
  readonly maxBytes?: number | undefined;
  /** The budget that the body is charged to. */
  readonly hold?: Hold | undefined;
  /** Called once the body is accepted, before it is read. */
  readonly onAccepted?: (() => void) | undefined;
}

/**
 * Reads a complete body.
 * @throws FluxError `api/too-large` as soon as the limit is exceeded, `api/busy` when the budget runs out.
 */
export async function readBody(
  request: IncomingMessage,
  { maxBytes = MAX_BYTES, hold, onAccepted }: ReadLimits = {},
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  // A request that has ended already emits no event.
  if (request.destroyed && !request.readableEnded) throw badRequest('the request ended before its body');
  onAccepted?.();
  const chunks: Buffer[] = [];
  let size = 0;
  // Not `for await`: leaving that loop destroys the connection before the error response is written.
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: unknown) => {
      request.pause();
      request.removeAllListeners('data');
      chunks.length = 0;
      reject(error);
    };
    if (hold) hold.onGiveWay = refuse;
    request.on('data', (chunk: Buffer) => {
      try {
        if (size + chunk.length > maxBytes) throw tooLarge(maxBytes);
        hold?.take(chunk.length);
        size += chunk.length;
        chunks.push(chunk);
      } catch (error) {
        refuse(error);
      }
    });
    request.once('end', resolve);
    request.once('error', (cause) => reject(badRequest('the request ended before its body', { cause })));
    request.once('close', () => reject(badRequest('the request ended before its body')));
  });
  hold?.complete();
  return Buffer.concat(chunks);
}

/** @throws FluxError `api/bad-request` for invalid UTF-8. */
export function decodeBody(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw badRequest('the body is not UTF-8', { cause });
  }
}

/**
 * Parses a body as JSON.
 * @throws FluxError `api/bad-request`.
 */
export function parseJson(body: string): unknown {
  if (body.trim() === '') throw badRequest('the body is empty', { help: 'This route expects a JSON value in the body.' });
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw badRequest('the body is not valid JSON', { cause });
  }
}

function tooLarge(maxBytes: number): FluxError {
  return new FluxError(`the body is larger than ${maxBytes} bytes`, {
    code: 'api/too-large',
    fault: 'user',
    help: 'Split the request into smaller ones.',
  });
}

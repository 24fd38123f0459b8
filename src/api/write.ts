import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/index.ts';
import type { Reply } from './route.ts';

/** How long a client may take nothing of an answer. */
const STALL_MS = 30_000;
/** A body is sent in pieces of this size, so that a slow client, who takes some of it in that time, is not taken for a stuck one. */
const PIECE_BYTES = 256 * 1024;
/** What is not available now may be soon; a client that is not told asks at once. */
const RETRY_LATER = { 'Retry-After': '5' };

/** Writes a reply. A client that takes nothing of it for long is cut off, so that it cannot keep a connection for ever (S-079). */
export async function writeReply(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, headers = {}, body }: Reply,
  clock: Clock,
): Promise<void> {
  const hasBody = 'transfer-encoding' in incoming.headers || Number(incoming.headers['content-length'] ?? 0) > 0;
  outgoing.writeHead(status, {
    'X-Content-Type-Options': 'nosniff',
    ...(status === 503 ? RETRY_LATER : {}),
    ...headers,
    ...lengthOf(status, body),
    // A body nobody read is not worth draining.
    ...(hasBody && !incoming.complete ? { Connection: 'close' } : {}),
  });
  if (body === undefined || incoming.method === 'HEAD') outgoing.end();
  else if (!isWhole(body)) await stream(outgoing, body, clock);
  else if (Buffer.byteLength(body) > PIECE_BYTES)
    await stream(outgoing, cut(typeof body === 'string' ? Buffer.from(body) : body), clock);
  else {
    outgoing.end(body);
    await taken(outgoing, 'finish', clock);
  }
}

/** Nothing is a body of no bytes, not one in chunks; 204 and 304 say no length (RFC 9110, 8.6), and of a stream nobody knows it. */
function lengthOf(status: number, body: Reply['body']): Readonly<Record<string, number>> {
  if (body === undefined) return status === 204 || status === 304 ? {} : { 'Content-Length': 0 };
  return isWhole(body) ? { 'Content-Length': Buffer.byteLength(body) } : {};
}

function isWhole(body: Reply['body']): body is string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body);
}

/** Sends one piece after the other, each when those before are taken. */
async function stream(outgoing: ServerResponse, pieces: AsyncIterable<string> | Iterable<Buffer>, clock: Clock): Promise<void> {
  outgoing.flushHeaders();
  for await (const piece of pieces) {
    if (outgoing.destroyed) return;
    if (!outgoing.write(piece)) await taken(outgoing, 'drain', clock);
  }
  outgoing.end();
  await taken(outgoing, 'finish', clock);
}

function* cut(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
}

/** Waits until the network has what was written, and not longer than a client may stall. */
async function taken(outgoing: ServerResponse, event: 'drain' | 'finish', clock: Clock): Promise<void> {
  // Most answers are gone at once; and whoever has left takes nothing any more.
  if (outgoing.writableLength === 0 || outgoing.destroyed) return;
  const done = new AbortController();
  const onDone = () => done.abort();
  outgoing.once(event, onDone).once('close', onDone);
  await clock.sleep(STALL_MS, { signal: done.signal }).then(
    () => outgoing.destroy(),
    () => {},
  );
  outgoing.off(event, onDone).off('close', onDone);
}

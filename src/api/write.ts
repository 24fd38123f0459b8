import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/index.ts';
import type { Reply } from './route.ts';

/** How long a client may stall while receiving a response. */
const STALL_MS = 30_000;
/** Piece size of a body, small enough for a slow client to make progress within that time. */
const PIECE_BYTES = 256 * 1024;
/** Without Retry-After, clients of an unavailable daemon would retry at once. */
const RETRY_LATER = { 'Retry-After': '5' };

/** Writes a reply. A client that stalls is disconnected, so that it cannot hold a connection for ever (S-079). */
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
    // An unread body is not worth draining.
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

/** An empty body has length 0 rather than chunks; 204 and 304 have no length (RFC 9110, 8.6), and that of a stream is unknown. */
function lengthOf(status: number, body: Reply['body']): Readonly<Record<string, number>> {
  if (body === undefined) return status === 204 || status === 304 ? {} : { 'Content-Length': 0 };
  return isWhole(body) ? { 'Content-Length': Buffer.byteLength(body) } : {};
}

function isWhole(body: Reply['body']): body is string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body);
}

/** Sends piece by piece, each after the previous one was received. */
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

/** Waits until the written data is sent, up to the stall timeout. */
async function taken(outgoing: ServerResponse, event: 'drain' | 'finish', clock: Clock): Promise<void> {
  // Most responses are sent at once, and a disconnected client receives nothing more.
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

import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from 'node:http2';
import type { Clock } from '../clock.ts';
import type { Http2Connection } from './http2-connection.ts';
import { createHttp2Pool, type Http2Pool } from './http2-pool.ts';
import { http } from './node-http.ts';
import { type Answer, type HttpRequest, type ReadTls, readTls, type Wire, type WireOptions } from './wire.ts';

/** A `Wire` that returns undefined, without sending anything, if the server speaks only HTTP/1.1. */
export interface Http2 extends Pick<Wire, 'close'> {
  open(url: URL, request: HttpRequest, signal: AbortSignal): Promise<Answer | undefined>;
}

/** Attempts for a request that the server certainly has not processed. */
const TRIES = 3;

/** HTTP/2 (RFC 9113) by node:http2, with as few connections to a server as its limit of streams allows. */
export function createHttp2({ maxSockets, userAgent, tls, clock }: WireOptions & { readonly clock: Clock }): Http2 {
  /** Connection pools by origin. */
  const pools = new Map<string, Http2Pool>();
  let read: ReadTls | undefined;

  function poolOf(url: URL): Http2Pool {
    const known = pools.get(url.origin);
    if (known) return known;
    // Created here, so that an unreadable certificate is an error of the first request.
    read ??= readTls(tls ?? {});
    const made = createHttp2Pool(url, { maxConnections: maxSockets, tls: read, clock });
    pools.set(url.origin, made);
    return made;
  }

  return {
    async open(url, request, signal) {
      const pool = poolOf(url);
      for (let tries = 1; ; tries += 1) {
        signal.throwIfAborted();
        // Reserves the stream at once: other waiting requests look for another.
        let connection = pool.find();
        while (connection === undefined) {
          if (!(await pool.mayHaveRoom(signal))) return undefined;
          connection = pool.find();
        }
        try {
          return await exchange(connection, url, request, { userAgent, signal });
        } catch (error) {
          if (!(error instanceof Unanswered && error.mayRepeat && tries < TRIES) || signal.aborted) throw error;
        }
      }
    },
    close() {
      for (const pool of pools.values()) pool.close();
    },
  };
}

/** A request that ended without a response. */
class Unanswered extends Error {
  override readonly name = 'Unanswered';
  /** True if the server certainly has not processed the request, or if it is idempotent. */
  readonly mayRepeat: boolean;
  readonly code = 'ECONNRESET';

  constructor(message: string, { mayRepeat, cause }: { readonly mayRepeat: boolean; readonly cause?: unknown }) {
    super(message, cause === undefined ? {} : { cause });
    this.mayRepeat = mayRepeat;
  }
}

function exchange(
  connection: Http2Connection,
  url: URL,
  request: HttpRequest,
  { userAgent, signal }: { readonly userAgent: string; readonly signal: AbortSignal },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Read before this request, which must not be its own proof.
    const { proven } = connection;
    request.beforeSend?.();
    const stream = begin(connection, headersOf(url, request, userAgent), request.body !== undefined);
    const onAbort = () => {
      reject(signal.reason);
      // The next request may connect to a server that responds.
      if (isTimeout(signal.reason)) connection.retire();
      stream.close(constants.NGHTTP2_CANCEL);
      stream.destroy(new Error('aborted', { cause: signal.reason }));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let answered = false;
    stream.on('response', ({ ':status': status = 0, ...headers }, flags) => {
      answered = true;
      const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
      const length = hasBody ? Number(headers['content-length'] ?? 0) : 0;
      resolve({ status, headers, body: stream, cut: (bytes) => cutShort(stream, bytes < length) });
    });
    let failure: Error | undefined;
    stream.on('error', (error) => {
      failure = error;
    });
    stream.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      // Creating an error captures a stack trace, which successful requests must not pay for.
      if (!answered) reject(unanswered(stream, { connection, proven, request, failure }));
    });
    if (request.body !== undefined) stream.end(request.body);
  });
}

function begin(connection: Http2Connection, headers: OutgoingHttpHeaders, hasBody: boolean): ClientHttp2Stream {
  try {
    return connection.begin(headers, hasBody);
  } catch (cause) {
    if (!connection.isOver) throw cause;
    throw new Unanswered('connection closed before the request was sent', { mayRepeat: true, cause });
  }
}

function headersOf(
  url: URL,
  { method = 'GET', path = url.pathname + url.search, headers, body }: HttpRequest,
  userAgent: string,
) {
  const all: OutgoingHttpHeaders = { ':method': method, ':path': path, ':authority': url.host, ':scheme': 'https' };
  all['user-agent'] = userAgent;
  for (const name in headers) {
    const value = headers[name] ?? '';
    // node:http2 does not validate the path.
    http.validateHeaderValue(name, value);
    all[name.toLowerCase()] = value;
  }
  if (body !== undefined) all['content-length'] = Buffer.byteLength(body);
  return all;
}

function unanswered(
  stream: ClientHttp2Stream,
  of: {
    readonly connection: Http2Connection;
    readonly proven: boolean;
    readonly request: HttpRequest;
    readonly failure: Error | undefined;
  },
): Error {
  const { connection, proven, request, failure } = of;
  const { method = 'GET' } = request;
  // RFC 9113, section 8.7.
  const isUntouched = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || connection.disowns(stream);
  // As for HTTP/1.1: the connection may have closed just before its reuse, and a read is safe to retry.
  const isStale = proven && connection.isOver && (method === 'GET' || method === 'HEAD');
  return new Unanswered(failure?.message || `connection closed without a response${reasonOf(stream)}`, {
    mayRepeat: isUntouched || isStale,
    cause: failure,
  });
}

/** Node ends the body of a truncated stream as if it were complete. */
function cutShort(stream: ClientHttp2Stream, isShort: boolean): Error | undefined {
  if (stream.rstCode === constants.NGHTTP2_NO_ERROR && !isShort) return undefined;
  return Object.assign(new Error(`connection closed in the middle of a response${reasonOf(stream)}`), { code: 'ECONNRESET' });
}

/** Error codes of RFC 9113, section 7. */
const REASONS =
  'NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED FRAME_SIZE_ERROR REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED'.split(
    ' ',
  );

function reasonOf({ rstCode }: ClientHttp2Stream): string {
  return rstCode === undefined || rstCode === constants.NGHTTP2_NO_ERROR ? '' : ` (${REASONS[rstCode] ?? rstCode})`;
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}

import type { IncomingHttpHeaders } from 'node:http';
import type { LookupFunction } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import { FluxError } from '../errors.ts';
import { redact } from '../redact.ts';
import { createHttp1 } from './http1.ts';
import { createHttp2 } from './http2.ts';
import type { Answer, HttpRequest, TlsSettings } from './wire.ts';

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Of the server, or of the proxy before it; absent where it is not known. */
  readonly address?: string;
}

/** An open answer; the chunks of its body can be iterated over once. A body that is cut short ends with an error. */
export interface HttpStream extends AsyncIterable<Buffer> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Ends it; for who does not read it to its end. */
  destroy(): void;
}

/** Rejects with FluxErrors: `http/bad-url`, `http/protocol`, `http/connection`, `http/timeout`, `http/too-large`, `http/refused-address`. */
export interface HttpTransport {
  /** One exchange, body read whole. Never follows redirects: where credentials may go is the caller's decision. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** The same, but hands over the open response for streaming (watches, long downloads). The caller must consume or destroy it. */
  stream(request: HttpRequest): Promise<HttpStream>;
  close(): void;
}

export interface HttpTransportOptions {
  /** Connections kept open to one host. Default 16. */
  readonly maxSockets?: number;
  readonly userAgent?: string;
  /** For every request. Certificates are read once; given with a request, they are read for each connection, and compared for each request. */
  readonly tls?: TlsSettings;
  /** HTTP/2 with servers that offer it, many requests over one connection. Default only HTTP/1.1. */
  readonly http2?: boolean;
  /** Resolves names, for requests with a `reach`. Default the system's. */
  readonly lookup?: LookupFunction;
  /** Measures the time limit of a request, and the silence of a connection. Default the system's. */
  readonly clock?: Clock;
}

/** One HTTP stack for the whole product: connections kept alive, those of one transport apart from those of others. */
export function createHttpTransport({
  maxSockets = 16,
  userAgent = 'flux-gitops',
  tls,
  http2 = false,
  lookup,
  clock = systemClock,
}: HttpTransportOptions = {}): HttpTransport {
  const options = { maxSockets, userAgent, tls };
  const one = createHttp1({ ...options, lookup });
  const two = http2 ? createHttp2({ ...options, clock }) : undefined;

  /** The only place that chooses: HTTP/2 where TLS agrees on it, with the settings of the transport and nothing in between. */
  async function open(url: URL, request: HttpRequest, signal: AbortSignal): Promise<Answer> {
    const isPossible = url.protocol === 'https:' && !tls?.agent && !request.tls && request.reach === undefined;
    return (isPossible ? await two?.open(url, request, signal) : undefined) ?? one.open(url, request, signal);
  }

  return {
    async request(request) {
      const { timeoutMs = 30_000, maxBytes = 64 * 2 ** 20 } = request;
      const url = urlOf(request);
      using deadline = clock.deadline(timeoutMs, request.signal);
      const { signal } = deadline;
      try {
        const answer = await open(url, request, signal);
        const body = await readBody(answer, maxBytes, () => placeOf(url, request));
        const { status, headers, address } = answer;
        return { status, headers, body, ...(address === undefined ? {} : { address }) };
      } catch (error) {
        const place = placeOf(url, request);
        if (signal.aborted && !request.signal?.aborted)
          throw new FluxError(`${place}: no complete answer within ${timeoutMs / 1000} s`, {
            code: 'http/timeout',
            cause: error,
          });
        throw failure(place, error);
      }
    },
    async stream(request) {
      const url = urlOf(request);
      try {
        return streamOf(await open(url, request, request.signal ?? new AbortController().signal));
      } catch (error) {
        throw failure(placeOf(url, request), error);
      }
    },
    close() {
      one.close();
      two?.close();
    },
  };
}

/** By events: an iterator over the chunks takes as long as all the rest of a short answer. */
function readBody({ body, cut }: Answer, maxBytes: number, place: () => string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let ended = false;
    body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes)
        body.destroy(new FluxError(`${place()}: answer is larger than ${maxBytes} bytes`, { code: 'http/too-large' }));
      else chunks.push(chunk);
    });
    body.on('end', () => {
      ended = true;
      const error = cut?.(size);
      if (error) reject(error);
      else resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size));
    });
    body.on('error', reject);
    const onClose = () => {
      if (!ended) reject(new Error('connection closed in the middle of an answer'));
    };
    body.on('close', onClose);
    if (body.destroyed) onClose();
  });
}

function streamOf({ status, headers, body, cut }: Answer): HttpStream {
  return {
    status,
    headers,
    destroy: () => void body.destroy(),
    async *[Symbol.asyncIterator]() {
      let size = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        size += chunk.length;
        yield chunk;
      }
      const error = cut?.(size);
      if (error) throw error;
    },
  };
}

/** Characters of a URL or path that an error shows. */
const MAX_SHOWN = 200;

function urlOf(request: HttpRequest): URL {
  const url = request.url instanceof URL ? request.url : URL.parse(request.url);
  if (!url) {
    const shown = redact(String(request.url))
      .replace(/[?#].*/s, '')
      .slice(0, MAX_SHOWN);
    throw new FluxError(`${JSON.stringify(shown)} is not a URL`, { code: 'http/bad-url', fault: 'user' });
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new FluxError(`${url.protocol} is not a protocol this client speaks`, { code: 'http/protocol', fault: 'user' });
  // Sent as it is, where a parsed URL would be encoded.
  if (request.path !== undefined && !/^\/[\x21-\x7e]*$/.test(request.path))
    throw new FluxError(`${JSON.stringify(pathOf(request.path))} is no path of a URL`, { code: 'http/bad-url', fault: 'user' });
  return url;
}

/** What an error names: neither query nor user and password, which may be secret. */
function placeOf(url: URL, { method = 'GET', path = url.pathname }: HttpRequest): string {
  return `${method} ${url.origin}${pathOf(path)}`;
}

function pathOf(path: string): string {
  return path.replace(/[?#].*/s, '').slice(0, MAX_SHOWN);
}

function failure(place: string, error: unknown): FluxError {
  if (error instanceof FluxError) return error;
  const { code, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return new FluxError(`${place}: ${message || code || 'connection failed'}`, { code: 'http/connection', cause: error });
}

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
  /** Address of the server; absent if unknown, as behind a proxy. */
  readonly address?: string;
}

/** An open response; the chunks of its body can be iterated once. A truncated body ends with an error. */
export interface HttpStream extends AsyncIterable<Buffer> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Closes a response that is not read to its end. */
  destroy(): void;
}

/** Rejects with FluxErrors: `http/bad-url`, `http/bad-proxy`, `http/protocol`, `http/connection`, `http/timeout`, `http/too-large`, `http/refused-address`. */
export interface HttpTransport {
  /** One exchange with a complete body. Never follows redirects, since the caller decides where credentials may go. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** The same with an open response for streaming (watches, long downloads). The caller must consume or destroy it. */
  stream(request: HttpRequest): Promise<HttpStream>;
  close(): void;
}

export interface HttpTransportOptions {
  /** Keep-alive connections to one host; 16 by default. */
  readonly maxSockets?: number;
  readonly userAgent?: string;
  /** TLS settings for all requests. Their certificates are parsed once; those of a request are parsed for each connection, and compared for each request. */
  readonly tls?: TlsSettings;
  /** Uses HTTP/2 with servers that offer it; only HTTP/1.1 by default. */
  readonly http2?: boolean;
  /** Resolver for requests with a `reach`; the system's by default. */
  readonly lookup?: LookupFunction;
  /** Environment with HTTPS_PROXY and NO_PROXY, in either case, which https requests by HTTP/1.1 follow; no proxy by default. */
  readonly proxyEnvironment?: Readonly<Record<string, string | undefined>>;
  /** Clock for the timeouts of requests and connections; the system's by default. */
  readonly clock?: Clock;
}

/** The product's HTTP stack, with keep-alive connections that are not shared between transports. */
export function createHttpTransport({
  maxSockets = 16,
  userAgent = 'flux-gitops',
  tls,
  http2 = false,
  lookup,
  proxyEnvironment,
  clock = systemClock,
}: HttpTransportOptions = {}): HttpTransport {
  const options = { maxSockets, userAgent, tls };
  const one = createHttp1({ ...options, lookup, proxyEnvironment });
  const two = http2 ? createHttp2({ ...options, clock }) : undefined;

  /** The only place that selects the version: HTTP/2 if TLS negotiates it, with the transport's settings and without a proxy. */
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
          throw new FluxError(`${place}: no complete response within ${timeoutMs / 1000} s`, {
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

/** Uses events: an iterator over the chunks takes as long as all the rest of a short response. */
function readBody({ body, cut }: Answer, maxBytes: number, place: () => string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let ended = false;
    body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes)
        body.destroy(new FluxError(`${place()}: response is larger than ${maxBytes} bytes`, { code: 'http/too-large' }));
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
      if (!ended) reject(new Error('connection closed in the middle of a response'));
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

/** Maximum length of a URL or path in errors. */
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
    throw new FluxError(`${url.protocol} is not a supported protocol`, { code: 'http/protocol', fault: 'user' });
  // Sent verbatim, whereas a parsed URL would be encoded.
  if (request.path !== undefined && !/^\/[\x21-\x7e]*$/.test(request.path))
    throw new FluxError(`${JSON.stringify(pathOf(request.path))} is not a URL path`, { code: 'http/bad-url', fault: 'user' });
  return url;
}

/** A request as shown in errors: without query, user and password, which may be secret. */
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

import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { type Clock, systemClock } from './clock.ts';
import { FluxError } from './errors.ts';
import { redact } from './redact.ts';

export interface HttpRequest {
  readonly method?: string;
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Extra TLS and agent settings (ca, cert, key, rejectUnauthorized, agent …), as node:https takes them. */
  readonly tls?: https.RequestOptions;
  /** The most bytes of body accepted; more rejects with `http/too-large`. Default 64 MiB. A stream has no limit. */
  readonly maxBytes?: number;
  /** Total time for the whole exchange in milliseconds. Default 30 s. A stream lasts until its signal is aborted. */
  readonly timeoutMs?: number;
  /** Called when a connection is there, right before the request goes out on it; what it throws is thrown, and nothing goes out. */
  readonly beforeSend?: () => void;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Rejects with FluxErrors: `http/bad-url`, `http/protocol`, `http/connection`, `http/timeout`, `http/too-large`. */
export interface HttpTransport {
  /** One exchange, body read whole. Never follows redirects: where credentials may go is the caller's decision. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** The same, but hands over the open response for streaming (watches, long downloads). The caller must consume or destroy it. */
  stream(request: HttpRequest): Promise<http.IncomingMessage>;
  close(): void;
}

/** As node:https takes them; through an `agent` that is given, each connection is made with all of them. */
export type TlsSettings = Pick<
  https.RequestOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized' | 'agent'
>;

export interface HttpTransportOptions {
  /** Connections kept open to one host. */
  readonly maxSockets?: number;
  readonly userAgent?: string;
  /** For every request. Certificates are read once; given with a request, they are read for each connection, and compared for each request. */
  readonly tls?: TlsSettings;
  /** Measures the time limit of a request. Default the system's. */
  readonly clock?: Clock;
}

/** One HTTP stack for the whole product: node:http(s) with connections kept alive, one agent a transport. */
export function createHttpTransport({
  maxSockets = 16,
  userAgent = 'flux-gitops',
  tls,
  clock = systemClock,
}: HttpTransportOptions = {}): HttpTransport {
  const settings = { keepAlive: true, maxSockets, scheduling: 'lifo' } as const;
  const plain = new http.Agent(settings);
  let secure: https.Agent | undefined;

  /** Made by the first request, so that a certificate that cannot be read is an error of that. */
  function agentFor({ protocol }: URL): http.Agent {
    if (protocol !== 'https:') return plain;
    secure ??= new https.Agent({ ...settings, ...(tls ? readOnce(tls) : {}) });
    return secure;
  }

  function open(url: URL, request: HttpRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const isSecure = url.protocol === 'https:';
    const method = request.method ?? 'GET';
    const headers: Record<string, string> = { 'user-agent': userAgent, ...request.headers };
    if (request.body !== undefined) headers['content-length'] = String(Buffer.byteLength(request.body));
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const outgoing = (isSecure ? https : http).request(url, {
        ...(isSecure && tls?.agent ? tls : { agent: agentFor(url) }),
        ...(isSecure ? request.tls : {}),
        method,
        headers,
      });
      let answered = false;
      outgoing.on('response', (response) => {
        answered = true;
        resolve(response);
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // The server may have closed a kept connection just before it was used again: reading is safe to try anew (RFC 9110, 9.2.2).
        const stale = outgoing.reusedSocket && !answered && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (stale && (method === 'GET' || method === 'HEAD') && !signal.aborted) resolve(open(url, request, signal));
        else reject(error);
      });
      // Not by Node's option `signal`, which watches the end of each request by a dozen listeners. A request that waits for a free
      // connection would hear of an abort only once it has got one.
      const onAbort = () => {
        reject(signal.reason);
        outgoing.destroy(new Error('aborted', { cause: signal.reason }));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      outgoing.on('close', () => {
        signal.removeEventListener('abort', onAbort);
        // An answer 101 that nobody asked for ends a request without an error.
        reject(new Error('connection closed without an answer'));
      });
      const send = () => {
        try {
          request.beforeSend?.();
          outgoing.end(request.body);
        } catch (error) {
          outgoing.destroy(error as Error);
        }
      };
      if (request.beforeSend) onceConnected(outgoing, send);
      else send();
    });
  }

  return {
    async request(request) {
      const { timeoutMs = 30_000, maxBytes = 64 * 2 ** 20 } = request;
      const url = urlOf(request);
      const place = placeOf(url, request);
      using deadline = clock.deadline(timeoutMs, request.signal);
      const { signal } = deadline;
      try {
        const response = await open(url, request, signal);
        const body = await readBody(response, maxBytes, place);
        return { status: response.statusCode ?? 0, headers: response.headers, body };
      } catch (error) {
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
        return await open(url, request, request.signal ?? new AbortController().signal);
      } catch (error) {
        throw failure(placeOf(url, request), error);
      }
    },
    close() {
      plain.destroy();
      secure?.destroy();
    },
  };
}

/** Node takes a request before it has a connection, and sends it whenever there is one. */
function onceConnected(outgoing: http.ClientRequest, send: () => void): void {
  outgoing.once('socket', (socket: Socket & { readonly secureConnecting?: boolean }) => {
    if (socket.secureConnecting) socket.once('secureConnect', send);
    else if (socket.connecting) socket.once('connect', send);
    else send();
  });
}

function readOnce({ servername, rejectUnauthorized, agent: _, ...certificates }: TlsSettings): https.AgentOptions {
  return {
    secureContext: createSecureContext(certificates),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}

/** By events: an iterator over the chunks takes as long as all the rest of a short answer. */
function readBody(response: http.IncomingMessage, maxBytes: number, place: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes)
        response.destroy(new FluxError(`${place}: answer is larger than ${maxBytes} bytes`, { code: 'http/too-large' }));
      else chunks.push(chunk);
    });
    response.on('end', () => resolve(Buffer.concat(chunks, size)));
    response.on('error', reject);
    const onClose = () => reject(new Error('connection closed in the middle of an answer'));
    response.on('close', onClose);
    if (response.destroyed) onClose();
  });
}

function urlOf(request: HttpRequest): URL {
  const url = request.url instanceof URL ? request.url : URL.parse(request.url);
  if (!url) {
    const shown = redact(String(request.url))
      .replace(/[?#].*/s, '')
      .slice(0, 200);
    throw new FluxError(`${JSON.stringify(shown)} is not a URL`, { code: 'http/bad-url', fault: 'user' });
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new FluxError(`${url.protocol} is not a protocol this client speaks`, { code: 'http/protocol', fault: 'user' });
  return url;
}

/** What an error names: neither query nor user and password, which may be secret. */
function placeOf(url: URL, { method = 'GET' }: HttpRequest): string {
  return `${method} ${url.origin}${url.pathname}`;
}

function failure(place: string, error: unknown): FluxError {
  if (error instanceof FluxError) return error;
  const { code, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return new FluxError(`${place}: ${message || code || 'connection failed'}`, { code: 'http/connection', cause: error });
}

import http from 'node:http';
import https from 'node:https';
import { FluxError } from './errors.ts';

export interface HttpRequest {
  readonly method?: string;
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Extra TLS and agent settings (ca, cert, key, rejectUnauthorized, agent …), as node:https takes them. */
  readonly tls?: https.RequestOptions;
  /** The most bytes of body accepted; more rejects with `http/too-large`. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Total time for the whole exchange in milliseconds. Default 30 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpTransport {
  /** One exchange, body read whole. Never follows redirects: where credentials may go is the caller's decision. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** The same, but hands over the open response for streaming (watches, long downloads). The caller must consume or destroy it. */
  stream(request: HttpRequest): Promise<http.IncomingMessage>;
  close(): void;
}

export interface HttpTransportOptions {
  /** Connections kept open to one host. */
  readonly maxSockets?: number;
  readonly userAgent?: string;
}

/** One HTTP stack for the whole product: node:http(s) with connections kept alive, one agent a transport. */
export function createHttpTransport({ maxSockets = 16, userAgent = 'flux-gitops' }: HttpTransportOptions = {}): HttpTransport {
  const agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets, scheduling: 'lifo' }),
    'https:': new https.Agent({ keepAlive: true, maxSockets, scheduling: 'lifo' }),
  } as const;

  function open(request: HttpRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const url = new URL(request.url);
    const secure = url.protocol === 'https:';
    if (!secure && url.protocol !== 'http:') {
      throw new FluxError(`${url.protocol} is not a protocol this client speaks`, { code: 'http/protocol', fault: 'user' });
    }
    const headers: Record<string, string> = { 'user-agent': userAgent, ...request.headers };
    if (request.body !== undefined) headers['content-length'] = String(Buffer.byteLength(request.body));
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? https : http).request(
        url,
        {
          agent: secure ? agents['https:'] : agents['http:'],
          ...(secure ? request.tls : {}),
          method: request.method ?? 'GET',
          headers,
          signal,
        },
        resolve,
      );
      outgoing.on('error', reject);
      outgoing.end(request.body);
    });
  }

  return {
    async request(request) {
      const timeout = AbortSignal.timeout(request.timeoutMs ?? 30_000);
      const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
      try {
        const response = await open(request, signal);
        const body = await readBody(response, request.maxBytes ?? 64 * 2 ** 20, request);
        return { status: response.statusCode ?? 0, headers: response.headers, body };
      } catch (error) {
        throw failure(request, error, timeout.aborted && !request.signal?.aborted);
      }
    },
    async stream(request) {
      try {
        return await open(request, request.signal ?? new AbortController().signal);
      } catch (error) {
        throw failure(request, error, false);
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

async function readBody(response: http.IncomingMessage, maxBytes: number, request: HttpRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      response.destroy();
      throw new FluxError(`${place(request)}: answer is larger than ${maxBytes} bytes`, { code: 'http/too-large' });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function place(request: HttpRequest): string {
  const url = new URL(request.url);
  return `${request.method ?? 'GET'} ${url.origin}${url.pathname}`;
}

function failure(request: HttpRequest, error: unknown, timedOut: boolean): FluxError {
  if (error instanceof FluxError) return error;
  if (timedOut)
    return new FluxError(`${place(request)}: no complete answer within ${(request.timeoutMs ?? 30_000) / 1000} s`, {
      code: 'http/timeout',
      cause: error,
    });
  const { code, message } = error as NodeJS.ErrnoException;
  return new FluxError(`${place(request)}: ${message || code || 'connection failed'}`, { code: 'http/connection', cause: error });
}

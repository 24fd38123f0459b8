import {
  backoffMs,
  type Clock,
  FluxError,
  type HttpResponse,
  type HttpStream,
  hasCode,
  messageOf,
  retryAfterMs,
  waitOrAbort,
} from '../../base/index.ts';
import { createConnections } from './connections.ts';
import type { CredentialSource, Credentials } from './kubeconfig.ts';
import { createOutageGate } from './outage.ts';
import { errorFromStatus } from './status-error.ts';

export interface ApiRequest {
  readonly method?: 'GET' | 'PATCH' | 'POST' | 'DELETE';
  /** Path below the server, its parts percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Exempt from the fence: it changes nothing despite its method (a dry run, a review), or belongs to the election itself. */
  readonly unfenced?: boolean;
  /** Called before each attempt of a write is sent; if it throws, nothing is sent, and the error is passed on. */
  readonly beforeSend?: () => void;
  /** Total number of attempts; 4 by default. */
  readonly attempts?: number;
  /** Called for each failure that is retried, so that senders of many requests can slow down. */
  readonly onRetry?: (error: FluxError) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface StreamRequest extends Pick<ApiRequest, 'path' | 'query' | 'headers'> {
  readonly signal: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
  /** Number of attempts; if more than one, an earlier one may have succeeded. */
  readonly attempts: number;
}

/** A client of one API server. */
export interface Transport {
  /** @throws FluxError with a code of this room for every status of 400 and above, and without a response. */
  request(request: ApiRequest): Promise<ApiResponse>;
  /**
   * Opens a streaming response, such as a watch; resolves when its headers have arrived. Never retried here, since the reader knows where
   * to resume. It ends with the signal. @throws FluxError as `request` does.
   */
  stream(request: StreamRequest): Promise<HttpStream>;
  close(): void;
}

export interface TransportOptions {
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly maxInFlight: number;
  readonly timeoutMs?: number;
  /** Called for each request with its status, which is absent without a response. */
  readonly onRequest?: ((method: string, status: number | undefined) => void) | undefined;
  /** Source of jitter in [0, 1). */
  readonly random?: () => number;
}

/** All our requests are safe to repeat: reads, reviews, server-side apply, and deletes bound to one uid and resourceVersion. */
const RETRYABLE = new Set(['cluster/unreachable', 'cluster/unavailable', 'cluster/throttled', 'cluster/timeout']);
const MAX_WAIT_MS = 300_000;

/** The same transport, with a fence before each write. */
export function fenced<T extends Pick<Transport, 'request'>>(transport: T, fence: { readonly check: () => void }): T {
  return {
    ...transport,
    request(request: ApiRequest) {
      if (!isWrite(request)) return transport.request(request);
      const beforeSend = () => {
        fence.check();
        request.beforeSend?.();
      };
      return transport.request({ ...request, beforeSend });
    },
  };
}

/** Methods that may change something. */
function isWrite({ method = 'GET', unfenced = false }: ApiRequest): boolean {
  return method !== 'GET' && !unfenced;
}

/** Attempts after timeouts, so that a hanging server does not take minutes. */
const TIMEOUT_ATTEMPTS = 2;
const TLS_ERROR = /CERT|SIGNATURE|TLS|SSL|EPROTO/;

/** Requests to the API server over keep-alive connections, with credentials, retries, `Retry-After`, and typed errors. */
export function createTransport(options: TransportOptions): Transport {
  const { credentials, clock, maxInFlight, timeoutMs = 30_000, onRequest, random } = options;
  const connections = createConnections({ clock, maxInFlight });
  /** A 429 applies to all requests: none starts before this time. */
  let throttle: { readonly until: number; readonly error: FluxError } | undefined;
  const reaching = createOutageGate(clock);
  // Parsed once, not for each request. The first request reports an invalid URL.
  const server = URL.parse(credentials.server) ?? credentials.server;
  const prefix = server instanceof URL ? server.pathname.replace(/\/+$/, '') : '';

  async function once(request: ApiRequest, { headers, tls }: Credentials): Promise<Omit<ApiResponse, 'attempts'>> {
    const { method = 'GET' } = request;
    let response: HttpResponse;
    try {
      response = await connections.of(tls).requests.request({
        ...placeOf(request),
        method,
        headers: { accept: 'application/json', ...headers, ...request.headers },
        timeoutMs,
        ...(request.beforeSend ? { beforeSend: request.beforeSend } : {}),
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(request.signal ? { signal: request.signal } : {}),
      });
    } catch (error) {
      onRequest?.(method, undefined);
      throw connectionError(error, credentials.server, request.signal);
    }
    onRequest?.(method, response.status);
    return { status: response.status, headers: response.headers, body: parse(response.body, response.status, request.path) };
  }

  function placeOf({ path, query }: Pick<ApiRequest, 'path' | 'query'>) {
    return { url: server, path: prefix + path + (query ? queryOf(query) : '') };
  }

  /** Waits until the end of a requested pause. */
  async function admitted(signal: AbortSignal | undefined): Promise<void> {
    while (throttle !== undefined && throttle.until > clock.monotonic()) {
      const { until, error } = throttle;
      try {
        await clock.sleep(until - clock.monotonic(), signal ? { signal } : {});
      } catch (thrown) {
        throw stopped(thrown, signal, error) ?? thrown;
      }
    }
  }

  /** Milliseconds to wait before the next attempt; after a 429 all requests wait. */
  function waitAfter(error: FluxError, attempt: number, retryAfter: number | undefined): number {
    const wait = retryAfter ?? backoffMs(attempt, { initialMs: 250, maxMs: 10_000, ...(random ? { random } : {}) });
    const until = clock.monotonic() + wait;
    if (error.code === 'cluster/throttled' && until > (throttle?.until ?? 0)) throttle = { until, error };
    return wait;
  }

  async function openStream(request: StreamRequest, { headers, tls }: Credentials): Promise<HttpStream> {
    // Covers the time until the response begins.
    using opening = clock.deadline(timeoutMs);
    try {
      const response = await connections.of(tls).streams.stream({
        ...placeOf(request),
        headers: { accept: 'application/json', ...headers, ...request.headers },
        signal: AbortSignal.any([request.signal, opening.signal]),
      });
      onRequest?.('GET', response.status);
      return response;
    } catch (error) {
      onRequest?.('GET', undefined);
      if (!opening.signal.aborted || request.signal.aborted) throw connectionError(error, credentials.server, request.signal);
      const message = `${request.path}: no response within ${timeoutMs / 1000} s`;
      throw new FluxError(message, { code: 'cluster/timeout', cause: error });
    }
  }

  async function authenticated(request: ApiRequest): Promise<Omit<ApiResponse, 'attempts'>> {
    const used = await waitOrAbort(credentials.current(), request.signal);
    const response = await reaching(request.signal, () => once(request, used));
    if (response.status !== 401) return response;
    const renewed = await renewedAfter(used, request.signal);
    return reaching(request.signal, () => once(request, renewed));
  }

  /** Shared with other waiting requests; an abort does not wait for a hanging plugin. */
  async function renewedAfter(used: Credentials, signal: AbortSignal | undefined): Promise<Credentials> {
    await waitOrAbort(credentials.renew(used), signal);
    return waitOrAbort(credentials.current(), signal);
  }

  /** Waits as requested by the response, else by backoff; false if all attempts are used up. */
  async function pause(error: FluxError, attempt: number, request: ApiRequest, retryAfter: number | undefined): Promise<boolean> {
    const attempts = Math.min(
      request.attempts ?? 4,
      error.code === 'cluster/timeout' ? TIMEOUT_ATTEMPTS : Number.POSITIVE_INFINITY,
    );
    const wait = waitAfter(error, attempt, retryAfter);
    if (!RETRYABLE.has(error.code) || attempt + 1 >= attempts) return false;
    request.onRetry?.(error);
    await clock.sleep(wait, request.signal ? { signal: request.signal } : {});
    return true;
  }

  return {
    async request(request) {
      let failure: FluxError | undefined;
      for (let attempt = 0; ; attempt += 1) {
        let retryAfter: number | undefined;
        try {
          await admitted(request.signal);
          const response = await authenticated(request);
          if (response.status < 400) return { ...response, attempts: attempt + 1 };
          failure = withSize(errorFromStatus(response.status, response.body, request.path), request.body);
          retryAfter = retryAfterMs(response.headers['retry-after'], { now: clock.now(), maxMs: MAX_WAIT_MS });
        } catch (error) {
          const aborted = stopped(error, request.signal, failure);
          if (aborted) throw aborted;
          failure = error as FluxError;
        }
        try {
          if (!(await pause(failure, attempt, request, retryAfter))) throw failure;
        } catch (error) {
          throw stopped(error, request.signal, failure) ?? error;
        }
      }
    },
    async stream(request) {
      await admitted(request.signal);
      const used = await waitOrAbort(credentials.current(), request.signal);
      let response = await reaching(request.signal, () => openStream(request, used));
      if (response.status === 401) {
        response.destroy();
        const renewed = await renewedAfter(used, request.signal);
        response = await reaching(request.signal, () => openStream(request, renewed));
      }
      const { status, headers } = response;
      if (status < 400) return response;
      const failure = errorFromStatus(status, await shortBody(response), request.path);
      waitAfter(failure, 0, retryAfterMs(headers['retry-after'], { now: clock.now(), maxMs: MAX_WAIT_MS }));
      throw failure;
    },
    close() {
      connections.close();
    },
  };
}

/** Adds the size to an error for an object that is too large. */
function withSize(error: FluxError, body: string | undefined): FluxError {
  if (error.code !== 'cluster/too-large' || body === undefined) return error;
  const { code, fault, help } = error;
  const size = (Buffer.byteLength(body) / 2 ** 20).toFixed(1);
  return new FluxError(`${size} MiB as JSON, too large: ${error.message}`, {
    code,
    fault,
    ...(help === undefined ? {} : { help }),
  });
}

/** Takes less than half the time of URLSearchParams. */
function queryOf(query: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name in query)
    text += `${text === '' ? '?' : '&'}${encodeURIComponent(name)}=${encodeURIComponent(query[name] ?? '')}`;
  return text;
}

/** Read limit of an error body; a Status is short. */
const MAX_STATUS_BYTES = 2 ** 20;

/** The body of a rejected stream: parsed JSON, or text. */
async function shortBody(response: HttpStream): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_STATUS_BYTES) break;
    }
    return parse(Buffer.concat(chunks), response.status, '');
  } catch {
    // The status alone is enough.
    return undefined;
  }
}

function parse(body: Buffer, status: number, path: string): unknown {
  if (body.length === 0) return undefined;
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    if (status >= 400) return text;
    throw new FluxError(`${path}: the response is not JSON`, {
      code: 'cluster/bad-answer',
      help: 'Another server responds in place of the API server: a proxy, a load balancer or a wrong server address.',
      cause: error,
    });
  }
}

function connectionError(error: unknown, server: string, signal: AbortSignal | undefined): FluxError {
  const aborted = stopped(error, signal);
  if (aborted) return aborted;
  const { code } = error as FluxError;
  if (code === 'http/timeout') return new FluxError(messageOf(error), { code: 'cluster/timeout', cause: error });
  if (code !== 'http/connection') return error as FluxError;
  const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
  const reason = cause?.message || cause?.code || 'connection failed';
  const isTls = TLS_ERROR.test(cause?.code ?? '');
  return new FluxError(`API server ${server}: ${reason}`, {
    code: isTls ? 'cluster/tls' : 'cluster/unreachable',
    help: isTls
      ? 'The TLS certificate of the API server was rejected: check certificate-authority and the server name in the kubeconfig.'
      : 'Check that the API server runs and that nothing blocks connections to it.',
    cause: error,
  });
}

/** The error of an aborted request; after a timeout, `before` is the error of earlier attempts. */
export function stopped(error: unknown, signal: AbortSignal | undefined, before?: FluxError): FluxError | undefined {
  if (!signal?.aborted) return undefined;
  if (hasCode(error, 'cluster/stopped') && before === undefined) return error;
  const isLate = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
  return new FluxError(isLate ? `timed out: ${before?.message ?? 'the API server is too slow'}` : 'the operation was aborted', {
    code: 'cluster/stopped',
    ...(before?.help === undefined ? {} : { help: before.help }),
    cause: signal.reason,
  });
}

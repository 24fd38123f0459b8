import { backoffMs, type Clock, createHttpTransport, FluxError, messageOf } from '../base/index.ts';
import type { CredentialSource, Credentials } from './kubeconfig.ts';
import { errorFromStatus } from './status-error.ts';

export interface ApiRequest {
  readonly method?: 'GET' | 'PATCH' | 'DELETE';
  /** Path below the server, its parts percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Tries in all, the first included. Default 4. */
  readonly attempts?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
  /** How many tries it took; more than one means that an earlier one may have been carried out. */
  readonly attempts: number;
}

/** Speaks to one API server. */
export interface Transport {
  /** @throws FluxError with a code of this room for every answer of 400 and above, and when there is no answer. */
  request(request: ApiRequest): Promise<ApiResponse>;
  close(): void;
}

export interface TransportOptions {
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly maxInFlight: number;
  readonly timeoutMs?: number;
  /** Source of jitter in [0, 1). */
  readonly random?: () => number;
}

/** All our requests are safe to repeat: reads, server-side apply, and deletes bound to one uid and resourceVersion. */
const RETRYABLE = new Set(['cluster/unreachable', 'cluster/unavailable', 'cluster/throttled', 'cluster/timeout']);
const MAX_WAIT_MS = 300_000;
/** A server that hangs is asked once more, not for minutes. */
const TIMEOUT_ATTEMPTS = 2;
const TLS_ERROR = /CERT|SIGNATURE|TLS|SSL|EPROTO/;

/** Requests to the API server over connections kept alive: credentials, retries, `Retry-After`, and typed errors. */
export function createTransport(options: TransportOptions): Transport {
  const { credentials, clock, maxInFlight, timeoutMs = 30_000, random } = options;
  const http = createHttpTransport({ maxSockets: maxInFlight });
  // A 429 is meant for all of us: no request starts before this time.
  let notBefore = 0;

  async function once(request: ApiRequest, { headers, tls }: Credentials): Promise<Omit<ApiResponse, 'attempts'>> {
    const url = new URL(credentials.server + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    try {
      const response = await http.request({
        url,
        method: request.method ?? 'GET',
        headers: { accept: 'application/json', ...headers, ...request.headers },
        tls,
        timeoutMs,
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(request.signal ? { signal: request.signal } : {}),
      });
      return { status: response.status, headers: response.headers, body: parse(response.body, response.status, request.path) };
    } catch (error) {
      throw connectionError(error, credentials.server, request.signal);
    }
  }

  async function authenticated(request: ApiRequest): Promise<Omit<ApiResponse, 'attempts'>> {
    const used = await credentials.current();
    const response = await once(request, used);
    if (response.status !== 401) return response;
    await credentials.renew(used);
    return once(request, await credentials.current());
  }

  /** Waits as the answer asks, else by backoff; false when the tries are used up. */
  async function pause(error: FluxError, attempt: number, request: ApiRequest, retryAfter: number | undefined): Promise<boolean> {
    const attempts = Math.min(
      request.attempts ?? 4,
      error.code === 'cluster/timeout' ? TIMEOUT_ATTEMPTS : Number.POSITIVE_INFINITY,
    );
    if (!RETRYABLE.has(error.code) || attempt + 1 >= attempts) return false;
    const wait = retryAfter ?? backoffMs(attempt, { initialMs: 250, maxMs: 10_000, ...(random ? { random } : {}) });
    if (error.code === 'cluster/throttled') notBefore = Math.max(notBefore, clock.now() + wait);
    await clock.sleep(wait, request.signal ? { signal: request.signal } : {});
    return true;
  }

  return {
    async request(request) {
      for (let attempt = 0; ; attempt += 1) {
        let failure: FluxError;
        let retryAfter: number | undefined;
        try {
          const held = notBefore - clock.now();
          if (held > 0) await clock.sleep(held, request.signal ? { signal: request.signal } : {});
          const response = await authenticated(request);
          if (response.status < 400) return { ...response, attempts: attempt + 1 };
          failure = errorFromStatus(response.status, response.body, request.path);
          retryAfter = retryAfterMs(response.headers['retry-after'], clock.now());
        } catch (error) {
          failure = stopped(error, request.signal) ?? (error as FluxError);
        }
        try {
          if (!(await pause(failure, attempt, request, retryAfter))) throw failure;
        } catch (error) {
          throw stopped(error, request.signal) ?? error;
        }
      }
    },
    close() {
      http.close();
    },
  };
}

/** Milliseconds from a `Retry-After` header (RFC 9110: seconds or a date), at most five minutes. */
export function retryAfterMs(header: string | readonly string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MAX_WAIT_MS);
}

function parse(body: Buffer, status: number, path: string): unknown {
  if (body.length === 0) return undefined;
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    if (status >= 400) return text;
    throw new FluxError(`${path}: the answer is not JSON`, {
      code: 'cluster/bad-answer',
      help: 'Something between us and the API server answers in its place: a proxy, a load balancer or a wrong server address.',
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
      ? 'The TLS certificate of the API server is not accepted: check certificate-authority and the server name in the kubeconfig.'
      : 'Check that the API server runs and that nothing blocks the way to it.',
    cause: error,
  });
}

function stopped(error: unknown, signal: AbortSignal | undefined): FluxError | undefined {
  if (!signal?.aborted) return undefined;
  return error instanceof FluxError && error.code === 'cluster/stopped'
    ? error
    : new FluxError('the operation was stopped before it ended', { code: 'cluster/stopped', cause: signal.reason });
}

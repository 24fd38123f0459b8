import { readFile } from 'node:fs/promises';
import type * as z from 'zod';
import {
  type Cancellable,
  type Clock,
  FluxError,
  type HttpResponse,
  type HttpTransport,
  hasCode,
  redact,
  retryAfterMs,
  type Secret,
  withoutSecret,
} from '../base/index.ts';

export interface ApiOptions {
  /** Name of the host, for errors. */
  readonly name: string;
  /** Without a slash at its end. */
  readonly url: string;
  readonly http: HttpTransport;
  /** The token for the next request. */
  readonly token: (options: Cancellable) => Promise<Secret>;
  readonly authorization: (token: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM certificate authorities in place of the system's. */
  readonly caFile?: string;
  readonly clock: Clock;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Names are encoded; they may come from outside. */
  readonly path: readonly (string | number)[];
  /** In place of that of the API. */
  readonly url?: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
}

export type Api = ReturnType<typeof createApi>;

const TIMEOUT_MS = 15_000;
const MAX_BYTES = 4 << 20;
const MAX_RETRY_MS = 3_600_000;
/** After a limit that does not say for how long. */
const UNSAID_RETRY_MS = 60_000;

/** Requests to the API of a host; a read whose connection broke is sent once more. */
export function createApi({ name, url, http, token, authorization, headers, caFile, clock }: ApiOptions) {
  async function send(call: Call, cancel: Cancellable): Promise<{ readonly response: HttpResponse; readonly secret: string }> {
    const secret = (await token(cancel)).reveal();
    const request = {
      method: call.method,
      url: `${addressOf(call)}${queryOf(call.query)}`,
      headers: {
        accept: 'application/json',
        ...headers,
        authorization: authorization(secret),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      ...(caFile === undefined ? {} : { tls: { ca: await readFile(caFile) } }),
      ...cancel,
    };
    const attempt = () => http.request(request);
    try {
      const isRead = call.method === 'GET';
      const response = await attempt().catch((error: unknown) => {
        if (!isRead || !hasCode(error, 'http/connection')) throw error;
        return attempt();
      });
      return { response, secret };
    } catch (error) {
      cancel.signal?.throwIfAborted();
      if (!(error instanceof FluxError)) throw error;
      throw new FluxError(`${name}: ${error.message}`, {
        code: 'git-host/unreachable',
        help: 'Check --pull-request-api-url, and that fluxd may reach it (NetworkPolicy, HTTPS_PROXY, --git-ca-file). fluxd tries again.',
        cause: error,
      });
    }
  }

  function addressOf({ url: other = url, path }: Call): string {
    return [other, ...path.map((part) => encodeURIComponent(part))].join('/');
  }

  function failed(call: Call, { status, headers: answered, body }: HttpResponse, secret: string): FluxError {
    const isLimited =
      status === 429 || (status === 403 && (answered['retry-after'] !== undefined || answered['x-ratelimit-remaining'] === '0'));
    const kind = isLimited ? 'limited' : (KINDS[status] ?? kindOf(status));
    const asked = retryAfterMs(answered['retry-after'], { now: clock.now(), maxMs: MAX_RETRY_MS }) ?? untilReset(answered);
    const retryMs = asked ?? (isLimited ? UNSAID_RETRY_MS : undefined);
    return new GitHostError(`${name}: ${call.method} ${addressOf(call)}: HTTP ${status}${wordsOf(body, secret)}`, {
      status,
      code: `git-host/${kind}`,
      fault: kind === 'limited' || kind === 'unavailable' ? 'server' : 'user',
      help: HELP[kind],
      ...(retryMs === undefined ? {} : { retryMs }),
    });
  }

  /** GitHub says when its limit is lifted, in seconds since the epoch. */
  function untilReset(answered: HttpResponse['headers']): number | undefined {
    const reset = Number(answered['x-ratelimit-remaining'] === '0' ? answered['x-ratelimit-reset'] : undefined);
    return Number.isFinite(reset) ? Math.min(Math.max(0, reset * 1000 - clock.now()), MAX_RETRY_MS) : undefined;
  }

  /** @throws FluxError `git-host/…`; a GitHostError for an answer with another status than 2xx. */
  async function request<T>(call: Call, schema: z.ZodType<T>, cancel: Cancellable = {}): Promise<T> {
    const { response, secret } = await send(call, cancel);
    if (response.status < 200 || response.status >= 300 || response.status === SIGN_IN) throw failed(call, response, secret);
    const parsed = schema.safeParse(jsonOf(response.body));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const place = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
    throw new FluxError(`${name}: ${call.method} ${addressOf(call)}: the answer is not that of ${name}${place}`, {
      code: 'git-host/unexpected-answer',
      fault: 'user',
      help: `Check that --pull-request and --pull-request-api-url are those of the host; the URL is that of the API, not of a page.`,
    });
  }

  return { request };
}

/** An answer that says no. */
export class GitHostError extends FluxError {
  readonly status: number;
  /** How long the host asks to wait. */
  readonly retryMs: number | undefined;

  constructor(
    message: string,
    options: ConstructorParameters<typeof FluxError>[1] & { readonly status: number; readonly retryMs?: number },
  ) {
    super(message, options);
    this.status = options.status;
    this.retryMs = options.retryMs;
  }
}

/** What Azure DevOps answers instead of 401: a page to sign in. */
const SIGN_IN = 203;

type Kind = 'token' | 'moved' | 'forbidden' | 'missing' | 'conflict' | 'rejected' | 'limited' | 'unavailable';

const KINDS: Readonly<Record<number, Kind>> = {
  [SIGN_IN]: 'token',
  401: 'token',
  403: 'forbidden',
  404: 'missing',
  409: 'conflict',
};

function kindOf(status: number): Kind {
  return status >= 500 ? 'unavailable' : status < 400 ? 'moved' : 'rejected';
}

const HELP: Readonly<Record<Kind, string>> = {
  token: 'The host does not accept the token: check the file of --pull-request-token-file; it is read again for each request.',
  moved: 'It is elsewhere now, where the token is not sent: set --git-url, or --pull-request-api-url, to its new place.',
  forbidden: 'The token lacks the right to read and write pull requests of the repository (docs/pull-requests.md, "Rights").',
  missing:
    'The API has no such repository or user, or the token may not see it: check --git-url, --pull-request-api-url, --pull-request-reviewers, and the rights of the token.',
  conflict: 'The request changed in the meantime; fluxd looks again.',
  rejected: 'The host rejects it for the reason above. Correct it there, or the flag that it is about.',
  limited: 'The host limits requests. fluxd waits as long as the host asks.',
  unavailable: 'The host has a problem of its own. fluxd tries again.',
};

function queryOf(query: Call['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    (typeof value === 'string' ? [value] : value).map((each) => `${encodeURIComponent(key)}=${encodeURIComponent(each)}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function jsonOf(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What an error says, on one line, and without the token, should it be echoed. */
function wordsOf(body: Buffer, secret: string): string {
  const texts = [...textsOf(jsonOf(body), 0)];
  if (texts.length === 0) return '';
  const parts = [secret, `:${secret}`, ...secret.split(':')];
  const hidden = parts.reduce(withoutSecret, texts.join('; ').slice(0, 4000));
  const line = redact(hidden)
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();
  return ` (${line.slice(0, 300)})`;
}

const WORDS = ['message', 'error', 'errors', 'error_description', 'detail', 'fields', 'code', 'field'];

/** The texts under the keys by which the hosts name errors. */
function* textsOf(value: unknown, depth: number): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (Array.isArray(value)) for (const each of value.slice(0, 5)) yield* textsOf(each, depth + 1);
  else if (typeof value === 'object' && value !== null && depth < 4)
    for (const [key, each] of Object.entries(value)) if (WORDS.includes(key) || depth > 1) yield* textsOf(each, depth + 1);
}

import { STATUS_CODES } from 'node:http';
import * as z from 'zod';
import { FluxError, type HttpTransport, messageOf, redact, type Secret } from '../../base/index.ts';
import { problemSchema } from '../wire/index.ts';

export interface ExchangeOptions {
  readonly transport: HttpTransport;
  /** Base of the API, `http://127.0.0.1:3030/api/flux`; a trailing slash is fine. */
  readonly url: string;
  readonly token?: Secret;
  /** Total time for one exchange in milliseconds. */
  readonly requestTimeoutMs?: number;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  /** Below the base, `/v6/services`. */
  readonly path: string;
  /** Sent in the given order, empty values included, as Flux v1's client does. */
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** Total time for this exchange in milliseconds, when it takes longer than most. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Status codes besides those of success that are an answer, not an error. */
  readonly alsoTaken?: readonly number[];
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The other end's clock, in milliseconds since the epoch, to the second; NaN where it does not tell. */
  readonly timeMs: number;
}

export type Exchange = (call: Call) => Promise<Answer>;

/**
 * One call to the daemon; anything but success becomes a FluxError in Flux v1's words.
 * @throws FluxError `api/remote` when the daemon described the error, else `api/unreachable`, `api/unauthorized`, `api/status`.
 */
export function createExchange({ transport, url, token, requestTimeoutMs }: ExchangeOptions): Exchange {
  const base = checkedBase(url);
  return async ({ method, path, query, body, contentType, timeoutMs = requestTimeoutMs, signal, alsoTaken = [] }) => {
    const target = `${base}${path}${query ? `?${new URLSearchParams(query)}` : ''}`;
    const response = await transport
      .request({
        method,
        url: target,
        headers: {
          accept: 'application/json',
          ...(token ? { authorization: `Scope-Probe token=${token.reveal()}` } : {}),
          ...(contentType ? { 'content-type': contentType } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(signal ? { signal } : {}),
      })
      .catch((error: unknown) => {
        // The way to the daemon broke off, and the transport knows where.
        if (error instanceof FluxError && error.code.startsWith('cluster/')) throw error;
        throw new FluxError(`executing HTTP request: executing HTTP request: ${goFailure(method, target, error)}`, {
          code: 'api/unreachable',
          cause: error,
        });
      });
    const timeMs = Date.parse(response.headers.date ?? '');
    const answer = { status: response.status, text: response.body.toString('utf8'), timeMs };
    if ([200, 201, 202, 204, ...alsoTaken].includes(answer.status)) return answer;
    throw refusal(answer);
  };
}

function checkedBase(url: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || !URL.canParse(url)) {
    throw new FluxError(`parsing URL: parse ${JSON.stringify(url.replace(/^.*@/s, '***@'))}: missing protocol scheme`, {
      code: 'api/bad-url',
      fault: 'user',
    });
  }
  return url.replace(/\/+$/, '');
}

function refusal({ status, text }: Pick<Answer, 'status' | 'text'>): FluxError {
  if (status === 401) {
    return new FluxError('executing HTTP request: request failed authentication', {
      code: 'api/unauthorized',
      fault: 'user',
      help: UNAUTHORIZED,
    });
  }
  const described = describedError(text);
  if (described) {
    const fault = described.type === 'user' || described.type === 'missing' ? described.type : 'server';
    return new FluxError(`executing HTTP request: ${described.error}`, { code: 'api/remote', fault, help: described.help });
  }
  return new FluxError(`executing HTTP request: ${status} ${STATUS_CODES[status] ?? 'Unknown'} ${text}`, {
    code: status === 404 ? 'api/not-found' : 'api/status',
  });
}

const UNAUTHORIZED = `The daemon refused the request: it does not know who asks.

Either there is no token, or it is not valid (any more). Give one with
--token, or in the environment variable FLUX_SERVICE_TOKEN.
`;

const legacyErrorSchema = z.object({ type: z.string().default(''), help: z.string().default(''), error: z.string().min(1) });

/** An error object of Flux v1, or problem details of the new API in the same form. */
function describedError(text: string): z.infer<typeof legacyErrorSchema> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not JSON: shown as it is
  }
  const legacy = legacyErrorSchema.safeParse(value);
  if (legacy.success) return legacy.data;
  const problem = problemSchema.safeParse(value);
  if (!problem.success || problem.data.code === 'api/not-found') return undefined;
  const { detail, help, status } = problem.data;
  const type = status === 404 ? 'missing' : status < 500 ? 'user' : 'server';
  return { type, error: detail, help: help ? `${detail}\n\n${help}\n` : `${detail}\n` };
}

/** A transport failure in the words of Go's HTTP client, which scripts and people know from Flux v1. */
function goFailure(method: string, url: string, error: unknown): string {
  const verb = method === 'POST' ? 'Post' : 'Get';
  return `${verb} ${JSON.stringify(redact(url))}: ${reason(error)}`;
}

function reason(error: unknown): string {
  const system = systemError(error);
  const at = system?.address ? `${system.address}:${system.port ?? ''}` : '';
  switch (system?.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${at}: connect: connection refused`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${system.hostname ?? ''}: no such host`;
    case 'ECONNRESET':
      return 'EOF';
    default:
      return system?.message ?? messageOf(error);
  }
}

interface SystemError {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly message: string;
}

/** The operating system's error behind a chain of causes; of several addresses tried, the first. */
function systemError(error: unknown): SystemError | undefined {
  if (error instanceof AggregateError) return systemError(error.errors[0]);
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)) return error as SystemError;
  return systemError(error.cause);
}

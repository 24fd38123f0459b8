import * as z from 'zod';
import {
  type Clock,
  FluxError,
  type HttpTransport,
  http,
  redact,
  type Secret,
  systemClock,
  trimEndOf,
} from '../../base/index.ts';
import { problemSchema } from '../wire/index.ts';
import { type Loss, lossOf } from './loss.ts';
import { oneLine } from './one-line.ts';
import { type Effect, unknownOutcome } from './outcome.ts';
import { createRetry } from './retry.ts';

export interface ExchangeOptions {
  readonly transport: HttpTransport;
  /** Base URL of the API, `http://127.0.0.1:3030/api/flux`; a trailing slash is accepted. */
  readonly url: string;
  readonly token?: Secret;
  /** Limits every request to this source of the daemon. */
  readonly source?: string;
  /** Timeout of one exchange in milliseconds. */
  readonly requestTimeoutMs?: number;
  /** Clock for the pauses between attempts; the system's by default. */
  readonly clock?: Clock;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  /** Relative to the base URL, `/v6/services`. */
  readonly path: string;
  /** Sent in the given order, empty values included, as Flux v1's client does. */
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** Timeout of this exchange in milliseconds, if it takes longer than most. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Accepts a response although its status is not a success. */
  readonly alsoTaken?: (answer: Answer) => boolean;
  /** What the request changes in the daemon; absent for reads, which may be retried. */
  readonly effect?: Effect;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The server's clock, in milliseconds since the epoch, to the second; NaN without a Date header. */
  readonly timeMs: number;
}

export type Exchange = (call: Call) => Promise<Answer>;

/**
 * One request to the daemon; a failure becomes a FluxError worded as in Flux v1. Reads are retried a few times when the response does
 * not arrive; changes only if the request certainly did not reach the daemon.
 * @throws FluxError `api/remote` when the daemon described the error, else `api/unreachable`, `api/unavailable`, `api/unauthorized`,
 * `api/status`; `api/unknown-outcome` when the change may have been made.
 */
export function createExchange({
  transport,
  url,
  token,
  source,
  requestTimeoutMs,
  clock = systemClock,
}: ExchangeOptions): Exchange {
  const base = checkedBase(url);
  const retry = createRetry(clock);

  async function once(target: string, call: Call): Promise<Answer | Loss> {
    const { method, body, contentType, timeoutMs = requestTimeoutMs, signal, alsoTaken = () => false } = call;
    try {
      const response = await transport.request({
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
      });
      const timeMs = Date.parse(response.headers.date ?? '');
      const answer = { status: response.status, text: response.body.toString('utf8'), timeMs };
      if ([200, 201, 202, 204].includes(answer.status) || alsoTaken(answer)) return answer;
      const error = refusal(answer);
      if (!PASSING.includes(answer.status)) throw error;
      // The daemon itself reports that it did nothing; a proxy cannot know.
      return { error, arrived: isOwnRefusal(answer) ? 'no' : 'maybe', tookAllTime: false };
    } catch (error) {
      if (error instanceof FluxError && error.code.startsWith('api/')) throw error;
      return lossOf(error, { verb: method === 'POST' ? 'Post' : 'Get', target: oneLine(redact(target)) });
    }
  }

  return async (call) => {
    const { path, query, effect, signal, timeoutMs } = call;
    const all = { ...query, ...(source === undefined ? {} : { source }) };
    const target = `${base}${path}${query || source !== undefined ? `?${new URLSearchParams(all)}` : ''}`;
    // A timeout set by the user covers all attempts.
    const mayTakeTwice = timeoutMs === undefined;
    const outcome = await retry(() => once(target, call), {
      again: (loss) => (effect === undefined || loss.arrived === 'no') && (mayTakeTwice || !loss.tookAllTime),
      signal,
    });
    if (!('error' in outcome)) return outcome;
    if (effect === undefined && outcome.tookAllTime && !mayTakeTwice) throw withHelp(outcome.error, 'Use a longer --timeout.');
    if (effect === undefined || outcome.arrived === 'no') throw outcome.error;
    throw unknownOutcome(outcome.error, effect);
  };
}

/** Statuses of a proxy, or of an overloaded daemon, that may be temporary. */
const PASSING: readonly number[] = [502, 503, 504];

function withHelp(error: FluxError, help: string): FluxError {
  return new FluxError(error.message, { code: error.code, fault: error.fault, help, cause: error.cause });
}

function checkedBase(url: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || !URL.canParse(url)) {
    throw new FluxError(`parsing URL: parse ${JSON.stringify(url.replace(/^.*@/s, '***@'))}: missing protocol scheme`, {
      code: 'api/bad-url',
      fault: 'user',
    });
  }
  return trimEndOf(url, '/');
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
    return new FluxError(`executing HTTP request: ${oneLine(described.error)}`, {
      code: 'api/remote',
      fault,
      help: described.help,
    });
  }
  return new FluxError(`executing HTTP request: ${status} ${http.STATUS_CODES[status] ?? 'Unknown'} ${oneLine(text)}`, {
    code: status === 404 ? 'api/not-found' : PASSING.includes(status) ? 'api/unavailable' : 'api/status',
  });
}

const UNAUTHORIZED = `The daemon rejected the request, because it could not authenticate you.

The token is missing, invalid or expired. Pass one with --token, or in
the environment variable FLUX_SERVICE_TOKEN.
`;

/** Whether the daemon itself describes why it rejected the request; a proxy may send JSON with an `error` as well. */
function isOwnRefusal({ status, text }: Answer): boolean {
  return status === 503 && ['user', 'missing', 'server'].includes(describedError(text)?.type ?? '');
}

const legacyErrorSchema = z.object({ type: z.string().default(''), help: z.string().default(''), error: z.string().min(1) });

/** An error object of Flux v1, or problem details of the new API in the same form. */
function describedError(text: string): z.infer<typeof legacyErrorSchema> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not JSON: shown unchanged
  }
  const legacy = legacyErrorSchema.safeParse(value);
  if (legacy.success) return legacy.data;
  const problem = problemSchema.safeParse(value);
  if (!problem.success || problem.data.code === 'api/not-found') return undefined;
  const { detail, help, status } = problem.data;
  const type = status === 404 ? 'missing' : status < 500 ? 'user' : 'server';
  return { type, error: detail, help: help ? `${detail}\n\n${help}\n` : `${detail}\n` };
}

import {
  type Clock,
  FluxError,
  type HttpResponse,
  type HttpTransport,
  type Logger,
  networkOfAddress,
  networkOfHost,
  type Reach,
  retryAfterMs,
  type Secret,
  withoutSecret,
} from '../base/index.ts';
import { failureOf, printable } from './answer.ts';
import { type AccountUse, type HostLimit, MAX_PAUSE_MS } from './rate-limit.ts';
import { mayBeSentTo } from './trust.ts';

export interface RegistryRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly accept?: string;
  /** Entity tag for `If-None-Match`. */
  readonly unless?: string;
  /** Sent only to the first address, not to a redirect to another origin (S-051). */
  readonly authorization?: string | undefined;
  /** A form. It may be secret, so a redirect of it is refused. */
  readonly form?: URLSearchParams;
  /** Hidden in the answer, as credentials of `authorization` are. */
  readonly secret?: Secret;
  readonly maxBytes: number;
  readonly limit: HostLimit;
  /** What it is for; absent for tokens, which count against no budget. */
  readonly use?: AccountUse;
  /** Skips verifying TLS certificates of this host (`--registry-insecure-host`). */
  readonly insecure?: boolean;
  /** Allowed network of the first address: a registry may be internal; addresses it refers to only if it is. Default: internal. */
  readonly reach?: Reach;
  readonly signal?: AbortSignal | undefined;
}

export interface RegistryAnswer extends HttpResponse {
  /** The final address after redirects. */
  readonly url: URL;
  /** Allowed network of addresses in the response. */
  readonly reach: Reach;
}

/** Sends one request and follows redirects. Returns responses of every status except 429, which throws `registry/rate-limited`. */
export type Exchange = (request: RegistryRequest) => Promise<RegistryAnswer>;

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const TIMEOUT_MS = 60_000;

export interface ExchangeOptions {
  readonly http: HttpTransport;
  readonly clock: Clock;
  readonly log: Logger;
  /** Logs every request (`--registry-trace`). */
  readonly trace: boolean;
  /** Called for each request with its status, which is absent without a response. */
  readonly onRequest?: ((status: number | undefined) => void) | undefined;
}

export function createExchange({ http, clock, log, trace, onRequest }: ExchangeOptions): Exchange {
  const once = async (request: RegistryRequest, url: URL, reach: Reach): Promise<HttpResponse> => {
    const { method = 'GET', accept, unless, authorization, form, limit, signal } = request;
    const sameOrigin = url.origin === request.url.origin;
    const use = sameOrigin ? request.use : undefined;
    await limit.acquire({ use, ...(signal ? { signal } : {}) });
    try {
      const response = await http.request({
        method,
        url,
        headers: {
          ...(accept === undefined ? {} : { accept }),
          ...(unless === undefined ? {} : { 'if-none-match': unless }),
          ...(authorization !== undefined && sameOrigin ? { authorization } : {}),
          ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(form === undefined ? {} : { body: form.toString() }),
        maxBytes: request.maxBytes,
        reach,
        timeoutMs: TIMEOUT_MS,
        ...(request.insecure && sameOrigin ? { tls: { rejectUnauthorized: false } } : {}),
        ...(signal ? { signal } : {}),
      });
      if (use) limit.answered(use, response);
      onRequest?.(response.status);
      if (trace) log.info({ url: `${url.origin}${url.pathname}`, status: response.status }, 'registry request');
      return sameOrigin ? withoutCredentials(response, authorization, request.secret) : response;
    } catch (error) {
      if (use) limit.answered(use, undefined);
      onRequest?.(undefined);
      if (trace) log.info({ url: `${url.origin}${url.pathname}`, err: error }, 'registry request');
      throw error;
    }
  };

  return async (request) => {
    let { url, reach = 'private' } = request;
    for (let redirects = 0; ; redirects += 1) {
      const response = await once(request, url, reach);
      if (response.status === 429) {
        request.limit.backOff(retryAfterMs(response.headers['retry-after'], { now: clock.now(), maxMs: MAX_PAUSE_MS }));
        throw failureOf(response, subjectOf(request.method, url));
      }
      const { location } = response.headers;
      const onward = reachFrom(url, response);
      if (!REDIRECTS.includes(response.status) || location === undefined) return { ...response, url, reach: onward };
      if (request.form !== undefined) throw refused(url, 'a request with an identity token was redirected');
      if (redirects === MAX_REDIRECTS) throw refused(url, `more than ${MAX_REDIRECTS} redirects`);
      const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
      if (!next || !mayBeSentTo(url, next, onward)) {
        throw refused(url, `redirect to ${next ? printable(`${next.protocol}//${next.host}`) : 'no address'} is not allowed`);
      }
      if (next.hostname !== url.hostname) reach = onward;
      url = next;
    }
  };
}

/** An internal server may refer to other internal addresses; a public one may not. */
function reachFrom({ hostname }: URL, { address }: HttpResponse): Reach {
  return (address === undefined ? networkOfHost(hostname) : networkOfAddress(address)) === 'public' ? 'public' : 'private';
}

/** A request as shown in errors: without its query, which may be signed. */
export function subjectOf(method: string | undefined, url: URL): string {
  return `${method ?? 'GET'} ${url.origin}${url.pathname}`;
}

function refused(url: URL, reason: string): FluxError {
  return new FluxError(`${subjectOf('GET', url)}: ${reason}`, {
    code: 'registry/bad-redirect',
    help: 'A registry may redirect to public addresses over TLS, at most five times. It may not redirect the daemon into its own network.',
  });
}

/** Error texts of a registry are shown, except for secrets that it echoes. */
function withoutCredentials(response: HttpResponse, authorization: string | undefined, secret: Secret | undefined): HttpResponse {
  if (response.status < 400) return response;
  if (secret !== undefined)
    return { ...response, body: Buffer.from(withoutSecret(response.body.toString('utf8'), secret.reveal())) };
  if (authorization === undefined) return response;
  const [scheme = '', value = ''] = authorization.split(' ');
  const password = scheme === 'Basic' ? Buffer.from(value, 'base64').toString('utf8').split(':').slice(1).join(':') : '';
  const text = withoutSecret(withoutSecret(response.body.toString('utf8'), value), password);
  return { ...response, body: Buffer.from(text) };
}

import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import {
  type Clock,
  FluxError,
  type HttpResponse,
  type HttpTransport,
  hasCode,
  messageOf,
  redact,
  retryAfterMs,
  Secret,
  withoutSecret,
} from '../../base/index.ts';
import { replaceControlCharacters } from '../control-character.ts';
import { appJwt, rsaKey } from './app-jwt.ts';
import { readSecretFile } from './secret-file.ts';

export interface GitHubApp {
  /** The number of the App, or its client ID. */
  readonly appId: string;
  readonly installationId: string;
  /** PEM; read for each request. */
  readonly privateKeyFile: string;
  /** `https://api.github.com`, or `https://HOST/api/v3`. */
  readonly api: string;
}

export interface InstallationTokenOptions extends GitHubApp {
  readonly http: HttpTransport;
  /** PEM certificate authorities in place of the system's. */
  readonly caFile?: string;
  readonly clock: Clock;
}

/** What a request for a token led to. `retryMs`: how long the API asks to wait, if it does. */
export type TokenAnswer =
  | { readonly kind: 'token'; readonly token: Secret; readonly lifetimeMs: number }
  | { readonly kind: 'failed'; readonly error: FluxError; readonly retryMs?: number };

const TIMEOUT_MS = 8_000;
const MAX_BYTES = 256 << 10;
const MAX_RETRY_MS = 3_600_000;
/** The API's time counts when it differs from ours by more. */
const TOLERATED_SKEW_MS = 30_000;

const TOKEN = z.object({ token: z.string().regex(/^[\x21-\x7e]{1,16384}$/), expires_at: z.iso.datetime({ offset: true }) });
const MESSAGE = z.object({ message: z.string() });

/**
 * Asks GitHub for an installation token. Each request is a new one, so it may be repeated: once after a lost connection, and once with the
 * time of the API if the token of the App was rejected and the clocks differ.
 */
export function createInstallationTokens({
  appId,
  installationId,
  privateKeyFile,
  api,
  http,
  caFile,
  clock,
}: InstallationTokenOptions) {
  const url = `${api.replace(/\/+$/, '')}/app/installations/${installationId}/access_tokens`;
  /** What is added to our time to get that of the API. */
  let skewMs = 0;

  async function ask(): Promise<TokenAnswer> {
    try {
      const key = await readKey();
      let sent = await send(key);
      const skew = sent.response.status === 401 ? skewOf(sent.response) : undefined;
      if (skew !== undefined && Math.abs(skew - skewMs) > TOLERATED_SKEW_MS) {
        skewMs = skew;
        sent = await send(key);
      }
      return read(sent.response, sent.jwt);
    } catch (error) {
      const isFile = hasCode(error, 'git/secret-file');
      return { kind: 'failed', error: isFile ? error : failed(messageOf(error), HELP.other, error) };
    }
  }

  async function readKey(): Promise<KeyObject> {
    const flag = '--git-github-app-private-key-file';
    const pem = await readSecretFile(flag, privateKeyFile);
    try {
      return rsaKey(pem);
    } catch (error) {
      throw new FluxError(`${flag} ${privateKeyFile}: ${messageOf(error)}`, {
        code: 'git/secret-file',
        help: 'Use the file that GitHub offers under "Private keys" of the App.',
        cause: error,
      });
    }
  }

  async function send(key: KeyObject): Promise<{ readonly response: HttpResponse; readonly jwt: string }> {
    const jwt = appJwt(appId, key, clock.now() + skewMs);
    const request = {
      method: 'POST',
      url,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${jwt}`,
        'x-github-api-version': '2022-11-28',
        // There is one request in 50 minutes.
        connection: 'close',
      },
      body: '',
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      ...(caFile === undefined ? {} : { tls: { ca: await readFile(caFile) } }),
    };
    try {
      return { response: await http.request(request), jwt };
    } catch (error) {
      if (!hasCode(error, 'http/connection')) throw error;
      return { response: await http.request(request), jwt };
    }
  }

  function skewOf({ headers }: HttpResponse): number | undefined {
    const theirs = Date.parse(headers.date ?? '');
    return Number.isNaN(theirs) ? undefined : theirs - clock.now();
  }

  function read(response: HttpResponse, jwt: string): TokenAnswer {
    const { status } = response;
    if (status !== 201) return refused(response, jwt);
    const parsed = TOKEN.safeParse(jsonOf(response));
    // Never quoted, since it may have a token.
    if (!parsed.success) return { kind: 'failed', error: failed('the answer has no token and time of expiry', HELP.other) };
    const { token, expires_at } = parsed.data;
    const lifetimeMs = Date.parse(expires_at) - clock.now() - (skewOf(response) ?? 0);
    if (lifetimeMs <= 0) return { kind: 'failed', error: failed('the token that it answered has expired', HELP.clock) };
    return { kind: 'token', token: new Secret(token), lifetimeMs };
  }

  function refused(response: HttpResponse, jwt: string): TokenAnswer {
    const { status, headers } = response;
    const isLimited =
      status === 429 || (status === 403 && (headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0'));
    const why = `HTTP ${status}${wordsOf(response, jwt)}`;
    const help = isLimited ? HELP.limit : (HELP[status] ?? HELP.other);
    const retry =
      isLimited || status >= 500 ? retryAfterMs(headers['retry-after'], { now: clock.now(), maxMs: MAX_RETRY_MS }) : undefined;
    return { kind: 'failed', error: failed(why, help), ...(retry === undefined ? {} : { retryMs: retry }) };
  }

  function failed(why: string, help: string, cause?: unknown): FluxError {
    return new FluxError(`GitHub App ${appId}, installation ${installationId}: ${why}`, {
      code: 'git/github-app',
      help,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  return { ask };
}

const HELP: Readonly<Record<number, string>> & Readonly<Record<'limit' | 'clock' | 'other', string>> = {
  401: 'The API does not accept the key: check that --git-github-app-id is the App whose key is in --git-github-app-private-key-file, that the key was not revoked, and that the clock of fluxd is right.',
  403: 'The App may not act for this installation: it may be suspended (in the settings of the organisation, under GitHub Apps).',
  404: 'The App has no such installation: check --git-github-app-installation-id, the number at the end of the URL of the installation, and --git-github-api.',
  limit: 'GitHub limits the requests of the App. fluxd waits as long as GitHub asks.',
  clock: 'Check the clock of fluxd.',
  other: 'Check --git-github-api, and that fluxd may reach it (NetworkPolicy, HTTPS_PROXY, --git-ca-file). fluxd tries again.',
};

function jsonOf({ body }: HttpResponse): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The message of an error, on one line, and without the App's own token, should it be echoed. */
function wordsOf(response: HttpResponse, jwt: string): string {
  const { data } = MESSAGE.safeParse(jsonOf(response));
  if (!data) return '';
  const text = [jwt, ...jwt.split('.')].reduce(withoutSecret, data.message.slice(0, 2000));
  return ` (${replaceControlCharacters(redact(text), ' ').slice(0, 200)})`;
}

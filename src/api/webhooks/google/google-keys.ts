import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { type Clock, FluxError, type HttpTransport, messageOf } from '../../../base/index.ts';

/** Google's public keys, by which it signs identity tokens. */
export const GOOGLE_KEYS_URL = 'https://www.googleapis.com/oauth2/v3/certs';

export interface GoogleKeysOptions {
  readonly http: HttpTransport;
  readonly clock: Clock;
  /** Another address than `GOOGLE_KEYS_URL`, for tests. */
  readonly url?: string;
}

export interface GoogleKeys {
  /**
   * Runs the work with the keys, and once more with new ones if it does not know the key that it needs.
   * @throws FluxError `webhooks/keys-unavailable`
   */
  use<T>(work: (keys: JWTVerifyGetKey) => Promise<T | 'unknown key'>): Promise<T | 'unknown key'>;
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 262_144;
/** Keys are used for as long as the response allows, within these bounds; Google replaces them every week or two. */
const MIN_LIFE_MS = 300_000;
const MAX_LIFE_MS = 86_400_000;
/** A token with an unknown key, which any caller can make, leads to one request in this time, and so does a request that failed. */
const PAUSE_MS = 10_000;

const Keys = z.object({
  keys: z.array(z.looseObject({ kty: z.literal('RSA'), kid: z.string(), n: z.string(), e: z.string() })).max(100),
});

interface Known {
  readonly keys: JWTVerifyGetKey;
  readonly until: number;
}

/** Fetches the keys when they are needed, and keeps them. While they cannot be fetched, those known stay in use for a day. */
export function createGoogleKeys({ http, clock, url = GOOGLE_KEYS_URL }: GoogleKeysOptions): GoogleKeys {
  let known: Known | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failure: FluxError | undefined;
  let pending: Promise<void> | undefined;

  const fetchOnce = async (): Promise<void> => {
    triedAt = clock.monotonic();
    try {
      const { status, headers, body } = await http.request({
        url,
        headers: { accept: 'application/json' },
        maxBytes: MAX_BYTES,
        timeoutMs: TIMEOUT_MS,
      });
      if (status !== 200) throw new Error(`status ${status}`);
      const keys = createLocalJWKSet(Keys.parse(JSON.parse(body.toString('utf8'))));
      fetchedAt = clock.monotonic();
      known = { keys, until: fetchedAt + lifeMs(headers['cache-control']) };
      failure = undefined;
    } catch (cause) {
      failure = unavailable(url, cause);
    }
  };

  /** At most one request at a time, and one in ten seconds. */
  const refresh = async (): Promise<void> => {
    if (clock.monotonic() - triedAt >= PAUSE_MS)
      pending ??= fetchOnce().finally(() => {
        pending = undefined;
      });
    await pending;
  };

  const current = (): JWTVerifyGetKey => {
    if (known && clock.monotonic() - fetchedAt < MAX_LIFE_MS) return known.keys;
    throw failure ?? unavailable(url, new Error('they are too old'));
  };

  return {
    async use(work) {
      if (!known || clock.monotonic() >= known.until) await refresh();
      const keys = current();
      const result = await work(keys);
      if (result !== 'unknown key') return result;
      await refresh();
      const renewed = current();
      return renewed === keys ? result : work(renewed);
    },
  };
}

function lifeMs(cacheControl: string | undefined): number {
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])/.exec(cacheControl ?? '')?.[1] ?? '0';
  return Math.min(Math.max(Number(seconds) * 1000, MIN_LIFE_MS), MAX_LIFE_MS);
}

function unavailable(url: string, cause: unknown): FluxError {
  // What the server says may be anything; a parser quotes it.
  const why =
    cause instanceof FluxError || /^(?:status \d+|they are too old)$/.test(messageOf(cause))
      ? messageOf(cause)
      : 'not the expected answer';
  return new FluxError(`cannot get Google's keys from ${url}: ${why}`, {
    code: 'webhooks/keys-unavailable',
    help: 'Pushes from Google are checked by these keys: let fluxd reach this address. Pub/Sub sends them again.',
    cause,
  });
}

import { type Clock, FluxError, type HttpTransport, messageOf } from '../../base/index.ts';

/** A JSON document of an outside server, which is fetched when it is needed, and kept. */
export interface KeptDocument<T> {
  /** @throws FluxError of `unavailable`, or of `url`, while nothing usable is known. */
  current(): Promise<T>;
  /** Fetches it again, unless that was tried in the last ten seconds. @throws as `current` does. */
  renewed(): Promise<T>;
}

export interface KeptDocumentOptions<T> {
  readonly http: HttpTransport;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly url: () => string | Promise<string>;
  /** @throws any error for a document of another form. */
  readonly parse: (document: unknown) => T;
  /** The error for a document that is not there; `why` quotes nothing of what the server says. */
  readonly unavailable: (url: string, why: string, cause: unknown) => FluxError;
  /** Requests for one document; 1 by default. */
  readonly attempts?: number;
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 262_144;
/** A document is used for as long as the response allows, within these bounds. */
const MIN_LIFE_MS = 300_000;
const MAX_LIFE_MS = 86_400_000;
/** Any caller can make fluxd need a newer document, which leads to one request in this time. So does a request that failed. */
const PAUSE_MS = 10_000;

/** Redirects are not followed. While the document cannot be fetched, the one that is known stays in use for a day. */
export function createKeptDocument<T>(options: KeptDocumentOptions<T>): KeptDocument<T> {
  const { http, clock, parse, unavailable, attempts = 1 } = options;
  let known: { readonly value: T; readonly until: number } | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failure: FluxError | undefined;
  let pending: Promise<void> | undefined;

  const fetchFrom = async (url: string, left: number): Promise<void> => {
    try {
      const { status, headers, body } = await http.request({
        url,
        headers: { accept: 'application/json' },
        reach: 'private',
        maxBytes: MAX_BYTES,
        timeoutMs: TIMEOUT_MS,
      });
      if (status !== 200) throw new Error(`status ${status}`);
      const value = parse(JSON.parse(body.toString('utf8')));
      fetchedAt = clock.monotonic();
      known = { value, until: fetchedAt + lifeMs(headers['cache-control']) };
      failure = undefined;
    } catch (cause) {
      if (left > 1) return fetchFrom(url, left - 1);
      failure = unavailable(url, whyOf(cause), cause);
    }
  };

  const fetchOnce = async (): Promise<void> => {
    triedAt = clock.monotonic();
    let url: string;
    try {
      url = await options.url();
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      failure = error;
      return;
    }
    await fetchFrom(url, attempts);
  };

  /** At most one request at a time, and one in ten seconds. */
  const refresh = async (): Promise<void> => {
    if (clock.monotonic() - triedAt >= PAUSE_MS)
      pending ??= fetchOnce().finally(() => {
        pending = undefined;
      });
    await pending;
  };

  const usable = async (): Promise<T> => {
    if (known && clock.monotonic() - fetchedAt < MAX_LIFE_MS) return known.value;
    throw failure ?? unavailable(await options.url(), 'it is too old', undefined);
  };

  return {
    async current() {
      if (!known || clock.monotonic() >= known.until) await refresh();
      return usable();
    },
    async renewed() {
      await refresh();
      return usable();
    },
  };
}

function lifeMs(cacheControl: string | undefined): number {
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])/.exec(cacheControl ?? '')?.[1] ?? '0';
  return Math.min(Math.max(Number(seconds) * 1000, MIN_LIFE_MS), MAX_LIFE_MS);
}

/** What the server says may be anything; a parser quotes it. */
function whyOf(cause: unknown): string {
  if (cause instanceof FluxError || /^status \d+$/.test(messageOf(cause))) return messageOf(cause);
  return 'not the expected answer';
}

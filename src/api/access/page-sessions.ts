import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/index.ts';

/** A code is used by the browser that is started with it, at once. */
const CODE_MS = 60_000;
const MAX_CODES = 16;
/** Without a request for this long, a session ends. */
const IDLE_MS = 12 * 3_600_000;
const MAX_SESSIONS = 64;

interface PageSession {
  /** The Host under which the code was exchanged: a page of another port has another origin. */
  readonly host: string;
  readonly until: number;
}

/**
 * Sessions of fluxd's web page over loopback, where a user has no token: a one-time code is exchanged for a bearer token. Both are known
 * to this process alone, by their hashes, so they end with it.
 */
export class PageSessions {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #codes = new LRUCache<string, number>({ max: MAX_CODES });
  readonly #sessions = new LRUCache<string, PageSession>({ max: MAX_SESSIONS });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** A code that is valid once, within a minute. */
  issueCode(): string {
    const code = secret();
    this.#codes.set(hashOf(code), this.#clock.monotonic() + CODE_MS);
    return code;
  }

  /** The token of a new session of the page under this Host; undefined for a code that is not valid. */
  exchange(code: string, host: string): string | undefined {
    const key = hashOf(code);
    const until = this.#codes.get(key);
    this.#codes.delete(key);
    if (until === undefined || until <= this.#clock.monotonic()) return undefined;
    const token = secret();
    this.#sessions.set(hashOf(token), { host, until: this.#clock.monotonic() + IDLE_MS });
    return token;
  }

  /** Whether it is the token of a session under this Host; extends the session. */
  has(token: string, host: string): boolean {
    const key = hashOf(token);
    const session = this.#sessions.get(key);
    if (session?.host !== host || session.until <= this.#clock.monotonic()) return false;
    this.#sessions.set(key, { host, until: this.#clock.monotonic() + IDLE_MS });
    return true;
  }

  /** Ends the session of this token, if there is one. */
  end(token: string): void {
    this.#sessions.delete(hashOf(token));
  }
}

function secret(): string {
  return randomBytes(24).toString('base64url');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

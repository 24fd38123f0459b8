import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/index.ts';
import type { UserIdentity } from '../../resource/index.ts';

/** From the sign-in on, also while it is used: a user who left a group keeps the rights of it no longer. */
const LIFE_MS = 8 * 3_600_000;
/** The session that was used longest ago gives way. */
const MAX_SESSIONS = 500;
/** What our tokens begin with, so that none is ever sent to the API server as one of Kubernetes. */
const PREFIX = 'flux-session.';

/**
 * Sessions of users who signed in to fluxd's web page by OpenID Connect. Their tokens are known to this process alone, by their hashes,
 * so they end with it, after eight hours, or when the user signs out.
 */
export class UserSessions {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #sessions = new LRUCache<string, { readonly identity: UserIdentity; readonly until: number }>({ max: MAX_SESSIONS });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** The token of a new session. */
  begin(identity: UserIdentity): string {
    const token = PREFIX + randomBytes(24).toString('base64url');
    this.#sessions.set(hashOf(token), { identity, until: this.#clock.monotonic() + LIFE_MS });
    return token;
  }

  /** Whose session it is; undefined for one that is over. */
  identityOf(token: string): UserIdentity | undefined {
    const session = this.#sessions.get(hashOf(token));
    return session && session.until > this.#clock.monotonic() ? session.identity : undefined;
  }

  /** Ends the session of this token, if there is one. */
  end(token: string): void {
    this.#sessions.delete(hashOf(token));
  }
}

/** Whether it has the form of our tokens. */
export function isSessionToken(token: string): boolean {
  return token.startsWith(PREFIX);
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

import { backoffMs, type Clock, type FluxError, type Logger, waitOrAbort } from '../../base/index.ts';
import { createGiven, type GitCredential, type UserAndPassword } from './git-credential.ts';
import type { TokenAnswer } from './installation-token.ts';

export interface GitHubAppOptions {
  readonly origin: string;
  /** Asks for a new token. */
  readonly ask: () => Promise<TokenAnswer>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Times in monotonic milliseconds. */
interface Held {
  readonly given: UserAndPassword;
  readonly since: number;
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** As GitHub documents it for installation tokens. */
const USERNAME = 'x-access-token';
/** A token lasts an hour, and is renewed this long before its end. */
const AHEAD_MS = 10 * 60_000;
/** Not given out any more this long before its end, since a command takes a while. */
const SPARE_MS = 60_000;
/** A rejected token is replaced unless it is newer than this: what the App may not do, no token of it may. */
const TRUSTED_MS = 60_000;
const BACKOFF = { initialMs: 2_000, maxMs: 60_000 };

/**
 * Installation tokens of a GitHub App. While a token is valid, it is renewed in the background, so that trouble with the API delays no
 * fetch. After a failed request the next one waits.
 */
export function githubApp({ origin, ask, clock, log }: GitHubAppOptions): GitCredential {
  const { add, hide } = createGiven();
  let held: Held | undefined;
  /** The request that all wait for. */
  let asking: Promise<UserAndPassword> | undefined;
  let failure: { readonly error: FluxError; readonly count: number; readonly until: number } | undefined;

  async function renew(): Promise<UserAndPassword> {
    const since = clock.monotonic();
    const answer = await ask();
    if (answer.kind === 'failed') {
      const count = (failure?.count ?? 0) + 1;
      const waitMs = answer.retryMs ?? backoffMs(count - 1, BACKOFF);
      const now = clock.monotonic();
      failure = { error: answer.error, count, until: now + waitMs };
      if (held && now < held.expiresAt)
        log.warn({ err: answer.error }, 'renewing the token of the GitHub App failed; the present one is still valid');
      throw answer.error;
    }
    const { token, lifetimeMs } = answer;
    failure = undefined;
    const given = add({ username: USERNAME, password: token });
    const before = (ms: number) => since + Math.max(lifetimeMs / 2, lifetimeMs - ms);
    held = { given, since, renewAt: before(AHEAD_MS), expiresAt: before(SPARE_MS) };
    return given;
  }

  function renewal(): Promise<UserAndPassword> {
    asking ??= renew().finally(() => {
      asking = undefined;
    });
    return asking;
  }

  return {
    origin,
    type: 'basic',

    async current({ signal } = {}) {
      const now = clock.monotonic();
      const valid = held !== undefined && now < held.expiresAt ? held : undefined;
      if (valid && now < valid.renewAt) return valid.given;
      if (failure && now < failure.until) {
        if (valid) return valid.given;
        throw failure.error;
      }
      const renewed = renewal();
      if (!valid) return waitOrAbort(renewed, signal);
      // Its failure is logged, and the next call sees it.
      renewed.catch(() => undefined);
      return valid.given;
    },

    rejected() {
      if (held && clock.monotonic() - held.since >= TRUSTED_MS) held = undefined;
    },

    hide,
  };
}

import type { Clock } from '../../base/index.ts';
import { tooManyRequests } from '../access/refusal.ts';
import { WindowCounter } from '../access/window-counter.ts';
import { Occupancy } from '../occupancy.ts';

/** Concurrent sign-ins, in total and for one address, which may be a proxy of many users. */
const AT_ONCE = 32;
const AT_ONCE_FROM_ONE = 16;
/** Sign-ins in ten seconds, in total and for one address. */
const WINDOW_MS = 10_000;
const IN_A_WINDOW = 200;
const IN_A_WINDOW_FROM_ONE = 50;
const ALL = '';

/** Bounds what callers without a session make fluxd ask of the provider (S-081). */
export function createSignInLimits(clock: Clock) {
  const begun = new WindowCounter(clock, WINDOW_MS);
  const running = new Occupancy();

  return {
    /** Room for one sign-in from this address, until disposed. @throws FluxError `api/too-many-requests`. */
    take(from: string): Disposable {
      if (
        running.all >= AT_ONCE ||
        running.of(from) >= AT_ONCE_FROM_ONE ||
        begun.of(ALL) >= IN_A_WINDOW ||
        begun.of(from) >= IN_A_WINDOW_FROM_ONE
      )
        throw tooManyRequests('too many users are signing in');
      begun.count(ALL);
      begun.count(from);
      return { [Symbol.dispose]: running.enter(from) };
    },
  };
}

import { type BackoffOptions, backoffMs, type FluxError } from '../../base/index.ts';

/** Where a reflector stands. The transitions below are all that change it; each returns the next state. */
export interface WatchState {
  /** `live`: a watch keeps the copy current. `connecting`: it will, or a pause before the next attempt runs. */
  readonly phase: 'connecting' | 'live' | 'resting';
  /** What the next connection begins with. A `newest list` ignores the version of the copy. */
  readonly start: 'resume' | 'list' | 'newest list';
  /** False once the server has shown that it cannot stream a list. */
  readonly streams: boolean;
  /** How many lists were needed so far. */
  readonly lists: number;
  /** In a row. */
  readonly failures: number;
  /** Of the failures in a row, the last ones that may pass. Another failure, such as a missing right, ends their row. */
  readonly passing: number;
  /** Watches in a row that the server ended too soon. */
  readonly shorts: number;
}

/** A watch that held this long was a good one. */
const GOOD_MS = 5_000;
const RETRY = { initialMs: 250, maxMs: 30_000 };
/** A server that ends watches sooner than this is asked again a little later each time. */
const SHORT_MS = 1_000;
const RETRY_SHORT = { initialMs: 100, maxMs: 2_000 };
/** What may be over a moment later. Those who wait for the copy wait for a second attempt then, as any other request has one. */
const PASSING = new Set([
  'cluster/watch-failed',
  'cluster/bad-answer',
  'cluster/expired',
  'cluster/throttled',
  'cluster/timeout',
  'cluster/unavailable',
  'cluster/unreachable',
]);

/** Before the first connection. */
export const NOT_LISTED: WatchState = {
  phase: 'connecting',
  start: 'list',
  streams: true,
  lists: 0,
  failures: 0,
  passing: 0,
  shorts: 0,
};

/** Whether the next connection begins with a list in pages. */
export function needsPages({ start, streams }: WatchState): boolean {
  return start === 'newest list' || (start === 'list' && !streams);
}

/** A list begins. */
export const listing = (state: WatchState): WatchState => ({ ...state, lists: state.lists + 1 });

/** The copy is whole. */
export const listed = (state: WatchState): WatchState => ({ ...state, start: 'resume' });

export const withoutStreaming = (state: WatchState): WatchState => ({ ...state, streams: false });

/** The watch of a whole copy is open. */
export const connected = (state: WatchState): WatchState => ({ ...state, phase: 'live' });

/** Events came in an order that does not show what is there. */
export const disordered = (state: WatchState): WatchState => ({
  ...state,
  start: state.start === 'resume' ? 'list' : state.start,
});

/** The server does not have the versions that it gave out (restored from a backup): only its newest state counts. */
export const outdated = (state: WatchState): WatchState => ({ ...state, start: 'newest list' });

/** Only a live watch rests. */
export const rested = (state: WatchState): WatchState => (state.phase === 'live' ? { ...state, phase: 'resting' } : state);

export const woken = (state: WatchState): WatchState => (state.phase === 'resting' ? { ...state, phase: 'connecting' } : state);

/** The server ended a connection that was open for so long. */
export function ended(state: WatchState, heldMs: number): WatchState {
  return { ...cutOff(state), failures: 0, passing: 0, shorts: heldMs < SHORT_MS ? state.shorts + 1 : 0 };
}

/** A connection failed after so long. */
export function failed(state: WatchState, error: FluxError, heldMs: number): WatchState {
  const wasGood = state.phase === 'live' && heldMs >= GOOD_MS;
  const { failures, passing } = wasGood ? { failures: 0, passing: 0 } : state;
  return {
    ...startAfter(cutOff(state), error),
    failures: failures + 1,
    passing: PASSING.has(error.code) ? passing + 1 : 0,
  };
}

/** Whether those who wait for the copy learn of a failure: of a lost watch and of a passing one, the next attempt decides. */
export function isOutcome({ phase }: WatchState, { passing }: WatchState): boolean {
  return phase === 'connecting' && passing !== 1;
}

/** How long to wait after `ended`, in milliseconds. */
export function pauseAfterEnd({ shorts }: WatchState, jitter: Pick<BackoffOptions, 'random'>): number {
  return shorts === 0 ? 0 : backoffMs(shorts - 1, { ...RETRY_SHORT, ...jitter });
}

/** How long to wait after `failed`, in milliseconds. The second attempt comes soon. */
export function pauseAfterFailure({ failures, passing }: WatchState, jitter: Pick<BackoffOptions, 'random'>): number {
  return backoffMs(passing === 1 ? 0 : failures - 1, { ...RETRY, ...jitter });
}

function cutOff(state: WatchState): WatchState {
  return state.phase === 'live' ? { ...state, phase: 'connecting' } : state;
}

function startAfter(state: WatchState, error: FluxError): WatchState {
  if (/too large resource version/i.test(error.message)) return outdated(state);
  return error.code === 'cluster/expired' ? disordered(state) : state;
}

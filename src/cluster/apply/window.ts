import { type Clock, FluxError } from '../../base/index.ts';

/**
 * How many requests may be under way at a time, learned from the answers: while more of them at once also means more
 * answers a second, the window grows; where the server only lets them queue, it goes back; when the server refuses, it halves.
 */
export interface WindowState {
  readonly limit: number;
  readonly max: number;
  /** No growth beyond this without proof; a refusal lowers it. */
  readonly eager: number;
  /** Mean latency at the size before the last growth, while that growth is on trial. */
  readonly trial: { readonly limit: number; readonly latencyMs: number } | undefined;
  /** Rounds to wait before growth is tried again. */
  readonly quiet: number;
}

/** Answers wait on the network as much as on the server: so many keep even a small server of two cores busy (measured: 24). */
const EAGER = 24;
const START = 16;
const GROWTH = 1.25;
/** A trial of growth pays when at least this part of it became throughput. */
const WORTH = 0.5;
/** Rounds between two trials: one that does not pay costs a little latency. */
const QUIET_ROUNDS = 20;
/** Rounds without growth after the server refused. */
const CAUTIOUS_ROUNDS = 4;
const MIN_ROUND = 16;

export function openingWindow(max: number): WindowState {
  const eager = Math.min(EAGER, max);
  return { limit: Math.min(START, eager), max, eager, trial: undefined, quiet: 0 };
}

/** After a round of answers during which the window was always full: `latencyMs` is their mean. */
export function afterRound(state: WindowState, latencyMs: number): WindowState {
  const { limit, max, eager, trial } = state;
  if (limit < eager) return { ...state, limit: Math.min(eager, Math.ceil(limit * 1.5)), trial: undefined };
  if (trial && latencyMs > trial.latencyMs * (1 + WORTH * (limit / trial.limit - 1))) {
    return { ...state, limit: trial.limit, trial: undefined, quiet: QUIET_ROUNDS };
  }
  if (state.quiet > 0) return { ...state, trial: undefined, quiet: state.quiet - 1 };
  if (limit >= max) return { ...state, trial: undefined };
  return { ...state, limit: Math.min(max, Math.ceil(limit * GROWTH)), trial: { limit, latencyMs } };
}

/** After the server said that it is too much: 429, 5xx, no answer in time. */
export function afterRefusal(state: WindowState): WindowState {
  const limit = Math.max(1, Math.floor(state.limit / 2));
  return { ...state, limit, eager: limit, trial: undefined, quiet: CAUTIOUS_ROUNDS };
}

/** Answers that make a round. */
function roundSize(limit: number): number {
  return Math.max(MIN_ROUND, limit);
}

const OVERLOAD = new Set(['cluster/throttled', 'cluster/unavailable', 'cluster/timeout', 'cluster/unreachable']);

export interface Window {
  /**
   * Runs a request when there is room for it, in the order of the calls. A request that is refused and tried again within
   * its own run tells by `refused`; one that rejects with such an error need not.
   */
  run<T>(request: (refused: (error: FluxError) => void) => Promise<T>): Promise<T>;
  readonly limit: number;
}

/** When a request was sent, and how much was known then. */
interface Sent {
  readonly at: number;
  readonly sizes: number;
  readonly refusals: number;
}

/** A window over all requests of one kind to one server; what it learned lasts as long as it does. */
export function createWindow({ clock, max }: { readonly clock: Clock; readonly max: number }): Window {
  let state = openingWindow(max);
  let open = 0;
  const waiting: (() => void)[] = [];
  let next = 0;
  /** Counts changes of size: the latency of what was sent before the last one says nothing about the size of now. */
  let sizes = 0;
  /** Counts refusals that were heeded: of those that were sent together, one is enough. */
  let refusals = 0;
  let round = { answers: 0, totalMs: 0 };

  function resize(to: WindowState): void {
    if (to.limit !== state.limit) sizes += 1;
    state = to;
    round = { answers: 0, totalMs: 0 };
  }

  function heed(sent: Sent, error: unknown): boolean {
    if (!(error instanceof FluxError) || !OVERLOAD.has(error.code)) return false;
    if (sent.refusals === refusals) {
      refusals += 1;
      resize(afterRefusal(state));
    }
    return true;
  }

  function answered(sent: Sent): void {
    // A window that was not full tells nothing about a larger one.
    if (sent.sizes !== sizes || next === waiting.length) return;
    round = { answers: round.answers + 1, totalMs: round.totalMs + clock.monotonic() - sent.at };
    if (round.answers >= roundSize(state.limit)) resize(afterRound(state, round.totalMs / round.answers));
  }

  function admit(): void {
    while (open < state.limit && next < waiting.length) {
      const start = waiting[next];
      next += 1;
      open += 1;
      start?.();
    }
    if (next === waiting.length) {
      waiting.length = 0;
      next = 0;
    }
  }

  return {
    get limit() {
      return state.limit;
    },
    async run(request) {
      if (open < state.limit && next === waiting.length) open += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      const sent: Sent = { at: clock.monotonic(), sizes, refusals };
      let refused = false;
      try {
        const result = await request((error) => {
          refused = heed(sent, error) || refused;
        });
        if (!refused) answered(sent);
        return result;
      } catch (error) {
        heed(sent, error);
        throw error;
      } finally {
        open -= 1;
        admit();
      }
    },
  };
}

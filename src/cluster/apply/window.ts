import { type Clock, FluxError } from '../../base/index.ts';

/**
 * The number of concurrent requests, learned from responses: the window grows while more concurrency increases throughput, shrinks if the
 * server only queues requests, and halves if the server rejects them.
 */
export interface WindowState {
  readonly limit: number;
  readonly max: number;
  /** Threshold above which growth must prove itself; a rejection lowers it. */
  readonly eager: number;
  /** Mean latency before the last growth, while that growth is on trial. */
  readonly trial: { readonly limit: number; readonly latencyMs: number } | undefined;
  /** Rounds until the next trial of growth. */
  readonly quiet: number;
}

/** Initial size: latency is partly network time, so this many keep even a small server with two cores busy (measured: 24). */
const EAGER = 24;
const START = 16;
const GROWTH = 1.25;
/** A trial succeeds if at least this part of the growth became throughput. */
const WORTH = 0.5;
/** Rounds between two trials: a failed one costs some latency. */
const QUIET_ROUNDS = 20;
/** Rounds without growth after a rejection. */
const CAUTIOUS_ROUNDS = 4;
const MIN_ROUND = 16;

export function openingWindow(max: number): WindowState {
  const eager = Math.min(EAGER, max);
  return { limit: Math.min(START, eager), max, eager, trial: undefined, quiet: 0 };
}

/** The next state after a round of responses with an always full window; `latencyMs` is their mean. */
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

/** The next state after overload: 429, 5xx, or a timeout. */
export function afterRefusal(state: WindowState): WindowState {
  const limit = Math.max(1, Math.floor(state.limit / 2));
  return { ...state, limit, eager: limit, trial: undefined, quiet: CAUTIOUS_ROUNDS };
}

/** Number of responses in a round. */
function roundSize(limit: number): number {
  return Math.max(MIN_ROUND, limit);
}

const OVERLOAD = new Set(['cluster/throttled', 'cluster/unavailable', 'cluster/timeout', 'cluster/unreachable']);

export interface Window {
  /**
   * Runs a request when a slot is free, in the order of calls. A request that retries a rejection internally reports it by `refused`; one
   * that throws the error need not.
   */
  run<T>(request: (refused: (error: FluxError) => void) => Promise<T>): Promise<T>;
  readonly limit: number;
}

/** When a request was sent, and the state at that time. */
interface Sent {
  readonly at: number;
  readonly sizes: number;
  readonly refusals: number;
}

/** A window for all requests of one kind to one server. */
export function createWindow({ clock, max }: { readonly clock: Clock; readonly max: number }): Window {
  let state = openingWindow(max);
  let open = 0;
  const waiting: (() => void)[] = [];
  let next = 0;
  /** Counts changes of size: latencies of earlier requests do not apply to the present size. */
  let sizes = 0;
  /** Counts handled rejections: of requests sent together, only one counts. */
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
    // A window that was not full gives no information about a larger one.
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

import { backoffMs, type Cancellable, type Clock, FluxError, type Logger, messageOf } from '../../base/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { Watchdog } from './watchdog.ts';

/** How soon a step wants to run again for what it left undone: `soon` when time may cure it, `later` when a person has to. */
export type Again = 'soon' | 'later';

/** What the loop runs. Every step handles its own single troubles; a throw means the step as a whole came to nothing. */
export interface LoopSteps {
  /** Resolves to the head of the branch. */
  fetch(options: Cancellable): Promise<Revision>;
  /** Tells those who wait for a sync that there is no revision to sync. */
  fetchFailed(error: unknown): void;
  sync(revision: Revision, options: Cancellable): Promise<Again | undefined>;
  /** Runs the next queued job; false when there is none. */
  job(options: Cancellable): Promise<boolean>;
  /** Works on the revision that was synced. */
  automate(head: Revision, options: Cancellable): Promise<void>;
}

type Timed = 'fetch' | 'sync' | 'automate';

export interface LoopOptions {
  readonly steps: LoopSteps;
  /** Lasts for as long as this daemon may write; undefined while it may not: then it fetches, and does nothing else. */
  readonly term: () => AbortSignal | undefined;
  /** Milliseconds between runs of a step when nothing asks for it sooner. */
  readonly intervals: Readonly<Record<Timed, number>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of each timed step that has ended. */
  readonly onStep?: (step: { readonly step: string; readonly success: boolean; readonly seconds: number }) => void;
  /** Told what the loop does. */
  readonly watchdog: Pick<Watchdog, 'begin' | 'rest'>;
  /** Called when there has been nothing to do for `REST_MS`, once each time; where there is always something, between steps, now and then. */
  readonly onRest?: (() => void) | undefined;
}

/** Syncs that follow one another are not at rest in between. */
export const REST_MS = 2_000;
const NO_REST_MS = 60_000;

/** What failed is tried again sooner than its interval: first after about 2 s, then more rarely; `soon` means at least every 30 s. */
const RETRY = { initialMs: 2_000, maxMs: 30_000 };

/**
 * The daemon's heart: one step at a time, so that a sync, a release and an automated update never work on the branch or the
 * cluster together. Anybody may ask for a step; asking twice before it runs is asking once.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #due: Record<Timed, number>;
  readonly #failures: Record<Timed, number> = { fetch: 0, sync: 0, automate: 0 };
  /** What was told of steps that go on failing. */
  readonly #told = new Map<Timed, string>();
  #head: Revision | undefined;
  /** Goes up when what was fetched before is news no more. */
  #age = 0;
  #wake: (() => void) | undefined;
  /** When `onRest` was called last, by the monotonic clock. */
  #restedAt: number;
  /** Somebody called while a step was running: look again before sleeping. */
  #called = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    const now = options.clock.monotonic();
    this.#restedAt = options.clock.monotonic();
    this.#due = { fetch: now, sync: Number.POSITIVE_INFINITY, automate: now };
  }

  /** Asks for a step as soon as the current one has ended. */
  ask(...steps: readonly Timed[]): void {
    for (const step of steps) this.#due[step] = 0;
    this.wake();
  }

  /** Somebody else wrote until now: nothing is done before a fetch that begins after this, lest it goes back behind them. */
  forgetHead(): void {
    this.#age += 1;
    this.#head = undefined;
    this.ask('fetch');
  }

  /** Lets the loop look for queued jobs. */
  wake(): void {
    this.#called = true;
    this.#wake?.();
  }

  /** Runs until the signal aborts; the step under way is ended by the same signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#turn(signal);
      if (!signal.aborted) await this.#sleep(signal);
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { steps } = this.#options;
    this.#called = false;
    await this.#run('fetch', signal, async () => {
      const age = this.#age;
      try {
        const head = await steps.fetch({ signal });
        if (age !== this.#age) return undefined;
        if (head !== this.#head) {
          this.#due.sync = 0;
          if (this.#failures.automate > 0) this.#due.automate = 0;
        }
        this.#head = head;
        return undefined;
      } catch (error) {
        // Without news from Git the last revision stays the wanted one; whoever asked for a sync of the news is told.
        steps.fetchFailed(error);
        throw error;
      }
    });
    const term = this.#options.term();
    const head = this.#head;
    if (term === undefined) return;
    if (head !== undefined) await this.#run('sync', term, () => steps.sync(head, { signal: term }));
    // One job a turn: what it committed is synced before the next one starts.
    if (!term.aborted) {
      this.#options.watchdog.begin('job');
      if (await steps.job({ signal: term })) this.ask('fetch');
    }
    if (head === undefined) return;
    await this.#run('automate', term, async () => {
      await steps.automate(head, { signal: term });
      return undefined;
    });
  }

  /** When there is something to do, if nobody asks sooner. */
  #next(): number {
    const { fetch, ...others } = this.#due;
    return this.#options.term() === undefined || this.#head === undefined ? fetch : Math.min(fetch, ...Object.values(others));
  }

  async #run(step: Timed, signal: AbortSignal, work: () => Promise<Again | undefined>): Promise<void> {
    const { clock, intervals, log, onStep, watchdog } = this.#options;
    if (signal.aborted || this.#due[step] > clock.monotonic()) return;
    // Cleared before the work, so that asking again while it runs is not lost.
    this.#due[step] = Number.POSITIVE_INFINITY;
    let next = intervals[step];
    let again: Again | undefined;
    let success = true;
    const startedAt = clock.monotonic();
    watchdog.begin(step);
    try {
      again = await work();
    } catch (error) {
      if (signal.aborted) return log.info({ step, reason: messageOf(signal.reason) }, 'step stopped');
      this.#tell(step, error);
      // What a person has to change is not cured by time; of a fetch it is not known when they have.
      again = step !== 'fetch' && error instanceof FluxError && error.fault === 'user' ? 'later' : 'soon';
      success = false;
    }
    if (success && this.#told.delete(step)) log.info({ step }, 'step works again');
    onStep?.({ step, success, seconds: (clock.monotonic() - startedAt) / 1000 });
    if (again === undefined) this.#failures[step] = 0;
    else {
      const { initialMs, maxMs } = RETRY;
      next = Math.min(next, backoffMs(this.#failures[step], { initialMs, maxMs: again === 'soon' ? maxMs : next }));
      this.#failures[step] += 1;
    }
    this.#due[step] = Math.min(this.#due[step], clock.monotonic() + next);
  }

  /** Once for as long as it is the same; of a sync each time, because each tells that it began. */
  #tell(step: Timed, error: unknown): void {
    const message = messageOf(error);
    if (step !== 'sync' && this.#told.get(step) === message) return;
    this.#told.set(step, message);
    const { log } = this.#options;
    if (error instanceof FluxError && error.expected) log.info({ step, reason: message, help: error.help }, 'step waits');
    else log.error({ step, err: error }, 'step failed');
  }

  #rest(): void {
    this.#restedAt = this.#options.clock.monotonic();
    this.#options.onRest?.();
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    const { clock, watchdog } = this.#options;
    const wait = this.#next() - clock.monotonic();
    if (wait <= 0 || this.#called) return;
    watchdog.rest(wait);
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    try {
      const ending = { signal: AbortSignal.any([signal, woken.signal]) };
      const end = clock.monotonic() + wait;
      if (clock.monotonic() - this.#restedAt >= NO_REST_MS && wait <= REST_MS) this.#rest();
      await clock.sleep(Math.min(wait, REST_MS), ending);
      if (wait <= REST_MS) return;
      this.#rest();
      const left = end - clock.monotonic();
      if (left > 0) await clock.sleep(left, ending);
    } catch (error) {
      if (!woken.signal.aborted && !signal.aborted) throw error;
    } finally {
      this.#wake = undefined;
    }
  }
}

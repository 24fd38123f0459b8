import { asFluxError, backoffMs, type Cancellable, type Clock, FluxError, type Logger, messageOf } from '../../base/index.ts';
import type { AcceptedRevision } from '../../repository/index.ts';
import type { Watchdog } from './watchdog.ts';

/** When a step should retry its unfinished work: `soon` for temporary failures, `later` if the user has to act. */
export type Again = 'soon' | 'later';

/** What is known of the branch after a step that may have pushed. */
export type BranchAfter =
  /** The mirror has its head, which was fetched or pushed by the step. */
  | { readonly state: 'known'; readonly head: AcceptedRevision }
  /** Only a fetch shows its head. */
  | { readonly state: 'unknown' };

/** The steps that the loop runs. Every step handles individual failures itself; a throw means that the step failed as a whole. */
export interface LoopSteps {
  /** Resolves to the accepted revision of the branch. */
  fetch(options: Cancellable): Promise<AcceptedRevision>;
  /** Fails waiting syncs, because there is no revision to sync. */
  fetchFailed(error: unknown): void;
  sync(revision: AcceptedRevision, options: Cancellable): Promise<Again | undefined>;
  /** Runs the next queued job; undefined if there is none. */
  job(options: Cancellable): Promise<BranchAfter | undefined>;
  /** Works on the revision that was synced. */
  automate(head: AcceptedRevision, options: Cancellable): Promise<BranchAfter>;
  /** Records the health of what was synced, when asked. */
  recordHealth(options: Cancellable): Promise<void>;
}

type Repeated = 'fetch' | 'sync' | 'automate';
type Timed = Repeated | 'health';

/** Why a step fails, and since when, in milliseconds since the epoch. */
export interface Trouble {
  readonly error: FluxError;
  readonly since: number;
}

export interface LoopOptions {
  readonly steps: LoopSteps;
  /** The term: a signal that lasts as long as this daemon may write. Undefined while it may not; then it only fetches. */
  readonly term: () => AbortSignal | undefined;
  /** Intervals of steps without requests, in milliseconds. */
  readonly intervals: Readonly<Record<Repeated, number>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with the duration of each step. */
  readonly onStep?: (step: { readonly step: string; readonly success: boolean; readonly seconds: number }) => void;
  /** Notified of the loop's progress. */
  readonly watchdog: Pick<Watchdog, 'begin' | 'rest'>;
  /** Called once when idle for `REST_MS`; on a busy loop occasionally between steps. */
  readonly onRest?: (() => void) | undefined;
}

/** Idle time before `onRest`, longer than pauses between consecutive syncs. */
export const REST_MS = 2_000;
const NO_REST_MS = 60_000;

const NEVER = Number.POSITIVE_INFINITY;

/** Backoff of failed steps: first about 2 s, then longer; `soon` means at least every 30 s. */
const RETRY = { initialMs: 2_000, maxMs: 30_000 };

/**
 * The main loop: runs one step at a time, so that a sync, a release and an automated update never use the branch or the cluster
 * concurrently. Steps can be requested from anywhere; repeated requests before a run are merged.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #due: Record<Timed, number>;
  /** The last error of failing steps. */
  readonly #troubles = new Map<Timed, Trouble>();
  readonly #failures: Record<Timed, number> = { fetch: 0, sync: 0, automate: 0, health: 0 };
  #head: AcceptedRevision | undefined;
  /** Incremented when earlier fetches become stale. */
  #age = 0;
  #wake: (() => void) | undefined;
  /** Time of the last `onRest`, by the monotonic clock. */
  #restedAt: number;
  /** Whether a request arrived during a step, so that the loop must not sleep. */
  #called = false;
  /** Whether automation, which a job's commit put off, comes before the next job. */
  #jobsWait = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    const now = options.clock.monotonic();
    this.#restedAt = options.clock.monotonic();
    this.#due = { fetch: now, sync: NEVER, automate: now, health: NEVER };
  }

  /** Why a step failed last; undefined once it has succeeded. */
  trouble(step: Timed): Trouble | undefined {
    return this.#troubles.get(step);
  }

  /** Requests a step after the current one. */
  ask(...steps: readonly Timed[]): void {
    for (const step of steps) this.#due[step] = 0;
    this.wake();
  }

  /** Called after another daemon wrote: no step runs before a new fetch, so that its changes are not reverted. */
  forgetHead(): void {
    this.#age += 1;
    this.#head = undefined;
    this.#jobsWait = false;
    this.ask('fetch');
  }

  /** Wakes the loop for queued jobs. */
  wake(): void {
    this.#called = true;
    this.#wake?.();
  }

  /** Runs until the signal aborts, which also ends the current step. */
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
        this.#follow({ state: 'known', head }, age);
        return undefined;
      } catch (error) {
        // Without a fetch the last revision stays the desired one; requested syncs fail.
        steps.fetchFailed(error);
        throw error;
      }
    });
    const term = this.#options.term();
    const head = this.#head;
    if (term === undefined) return;
    if (head !== undefined) await this.#run('sync', term, () => steps.sync(head, { signal: term }));
    // One job per iteration: its commit is synced before the next one starts.
    if (!term.aborted && !this.#jobsWait) await this.#job(term);
    if (head === undefined) return;
    if (this.#head !== head) {
      // Automation plans on a head that was synced.
      this.#jobsWait = this.#due.automate <= this.#options.clock.monotonic();
      return;
    }
    await this.#run('automate', term, async () => {
      const age = this.#age;
      const branch = await steps.automate(head, { signal: term });
      this.#failures.automate = 0;
      this.#follow(branch, age);
      return undefined;
    });
    await this.#run('health', term, async () => {
      await steps.recordHealth({ signal: term });
      return undefined;
    });
    if (this.#jobsWait) this.wake();
    this.#jobsWait = false;
  }

  async #job(term: AbortSignal): Promise<void> {
    this.#options.watchdog.begin('job');
    const age = this.#age;
    const branch = await this.#options.steps.job({ signal: term });
    if (branch === undefined) return;
    this.#follow(branch, age);
    // There may be another one.
    this.wake();
  }

  /** @param age When the step began: what it knows is stale if another daemon may have written since. */
  #follow(branch: BranchAfter, age: number): void {
    if (branch.state === 'unknown') this.ask('fetch');
    else if (age === this.#age && branch.head !== this.#head) {
      this.#head = branch.head;
      this.#due.sync = 0;
      if (this.#failures.automate > 0) this.#due.automate = 0;
    }
  }

  /** Time of the next step without requests. */
  #next(): number {
    const { fetch, ...others } = this.#due;
    return this.#options.term() === undefined || this.#head === undefined ? fetch : Math.min(fetch, ...Object.values(others));
  }

  async #run(step: Timed, signal: AbortSignal, work: () => Promise<Again | undefined>): Promise<void> {
    const { clock, intervals, log, onStep, watchdog } = this.#options;
    if (signal.aborted || this.#due[step] > clock.monotonic()) return;
    // Cleared before the work, so that requests during the run are not lost.
    this.#due[step] = NEVER;
    let next = step === 'health' ? NEVER : intervals[step];
    let again: Again | undefined;
    let success = true;
    const startedAt = clock.monotonic();
    watchdog.begin(step);
    try {
      again = await work();
    } catch (error) {
      if (signal.aborted) return log.info({ step, reason: messageOf(signal.reason) }, 'step stopped');
      this.#report(step, error);
      // The user has to fix it, so early retries are useless, except for a fetch, which finds the fix.
      again = step !== 'fetch' && error instanceof FluxError && error.fault === 'user' ? 'later' : 'soon';
      success = false;
    }
    if (success && this.#troubles.delete(step)) log.info({ step }, 'step recovered');
    onStep?.({ step, success, seconds: (clock.monotonic() - startedAt) / 1000 });
    if (again === undefined) this.#failures[step] = 0;
    else {
      const { initialMs, maxMs } = RETRY;
      next = Math.min(next, backoffMs(this.#failures[step], { initialMs, maxMs: again === 'soon' ? maxMs : next }));
      this.#failures[step] += 1;
    }
    this.#due[step] = Math.min(this.#due[step], clock.monotonic() + next);
  }

  /** Logs a failure once until it changes; that of a sync each time, because each sync logs its start. */
  #report(step: Timed, error: unknown): void {
    const { clock, log } = this.#options;
    const isSame = this.#troubles.get(step)?.error.message === messageOf(error);
    if (!isSame) this.#troubles.set(step, { error: asFluxError(error, { code: 'loop/step-failed' }), since: clock.now() });
    if (step !== 'sync' && isSame) return;
    if (error instanceof FluxError && error.expected)
      log.info({ step, reason: messageOf(error), help: error.help }, 'step waits');
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

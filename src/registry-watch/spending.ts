import type { IncomingHttpHeaders } from 'node:http';
import { type Cancellable, type Clock, FluxError, waitOrAbort } from '../base/index.ts';
import {
  afterAnswer,
  afterRefusal,
  afterRequest,
  afterTurn,
  asOf,
  type Budget,
  type Demand,
  fits,
  type Purpose,
  type Share,
  spacingOf,
  untilPaid,
  waitFor,
} from './budget.ts';
import { reportedLimit } from './rate-limit-headers.ts';

/** Kinds of requests, each of which a host counts or does not count. */
export type RequestKind = 'tags' | 'head' | 'manifest' | 'blob' | 'referrers';

/** A request to a registry, as far as its budget is concerned. */
export interface Use extends Demand {
  readonly kind: RequestKind;
}

/** Not a failure: the request is left for later, so that the budget of its host lasts. */
export class BudgetSpent extends FluxError {
  /** When to ask again, by the monotonic clock; infinite if that depends on other requests. */
  readonly until: number;
  /** Whether the work has had its turn: the next time it has begun. */
  readonly isPaid: boolean;

  constructor(host: string, until: number, isPaid: boolean) {
    super(`requests to ${host} are spread over its rate limit`, { code: 'registry/budget-spent', expected: true });
    this.until = until;
    this.isPaid = isPaid;
  }
}

/** After so many answers in a row that took nothing from the budget, a kind of request is not counted. */
const FREE_AFTER = 3;
/** Answers are compared within this part of the time in which a window gives back one request. */
const SOON = 0.05;

interface LastReport {
  readonly remaining: number;
  readonly at: number;
}

/**
 * The budget of one account at one host, as its responses report it. Which kinds of requests the host counts is learned, too: a kind whose
 * answers do not mention the limit is free (Docker Hub's tag lists), and so is a kind that took nothing from it several times in a row
 * (its HEAD requests). Everything is free until the first answer reports a limit; the first request of each kind goes alone.
 */
export class Spending {
  #budget: Budget | undefined;
  #lastReport: LastReport | undefined;
  /** By kind: answers in a row that took nothing; a counted kind has few. */
  readonly #free = new Map<RequestKind, number>();
  /** The request of each kind that goes alone, until an answer to one says whether the kind counts. */
  readonly #first = new Map<RequestKind, PromiseWithResolvers<void>>();
  readonly #answered = new Set<RequestKind>();
  /** By kind: requests without an answer yet. */
  readonly #inFlight = new Map<RequestKind, number>();
  readonly #host: string;
  readonly #clock: Clock;

  constructor(host: string, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  /** The budget as it is now; undefined if the host reports none. */
  get budget(): Budget | undefined {
    return this.#budget && asOf(this.#budget, this.#clock.monotonic());
  }

  isCounted(kind: RequestKind): boolean {
    return this.#budget !== undefined && (this.#free.get(kind) ?? 0) < FREE_AFTER;
  }

  /** Milliseconds until it is the turn of a request, or until it may be sent if it goes on with something. */
  waitFor(use: Use): number {
    return this.#budget && this.isCounted(use.kind) ? waitFor(this.#budget, use, this.#clock.monotonic()) : 0;
  }

  /** Whether a tag list of so many requests can have its turn within a window. */
  fits(share: Share, requests: number): boolean {
    return !this.#budget || !this.isCounted('tags') || fits(this.#budget, share, requests, this.#clock.monotonic());
  }

  /** Milliseconds for one more request of tag lists; zero if they are not counted. */
  spacing(purpose: Purpose): number {
    return this.#budget && this.isCounted('tags') ? spacingOf(this.#budget, purpose, this.#clock.monotonic()) : 0;
  }

  /** Resolves when the request may be sent, and has then counted it; `answered` must follow. @throws BudgetSpent if that is not soon. */
  async acquire(use: Use, { maxWaitMs, signal }: { readonly maxWaitMs: number } & Cancellable): Promise<void> {
    await this.#afterFirst(use.kind, signal);
    const now = this.#clock.monotonic();
    const turn = this.waitFor(use);
    if (turn > maxWaitMs) throw this.#notNow(use.kind, now + turn, false);
    const wait = Math.max(turn, this.#takeTurn(use, now));
    if (wait > maxWaitMs) throw this.#notNow(use.kind, now + wait, true);
    this.#inFlight.set(use.kind, (this.#inFlight.get(use.kind) ?? 0) + 1);
    if (this.#budget && this.isCounted(use.kind)) this.#budget = afterRequest(this.#budget, now);
    if (wait <= 0) return;
    await this.#clock.sleep(wait, signal ? { signal } : {}).catch((error: unknown) => {
      this.answered(use, undefined);
      throw error;
    });
  }

  /** Waits until no request of the kind goes alone; the caller's does if none of them was answered. */
  async #afterFirst(kind: RequestKind, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const first = this.#first.get(kind);
      if (!first) break;
      await waitOrAbort(first.promise, signal);
    }
    if (!this.#answered.has(kind)) this.#first.set(kind, Promise.withResolvers());
  }

  #notNow(kind: RequestKind, until: number, isPaid: boolean): BudgetSpent {
    this.#endFirst(kind);
    return new BudgetSpent(this.#host, until, isPaid);
  }

  #endFirst(kind: RequestKind): void {
    this.#first.get(kind)?.resolve();
    this.#first.delete(kind);
  }

  /** Charges all requests of some work to its share; milliseconds until they may be sent. */
  #takeTurn(use: Use, now: number): number {
    if (!this.#budget || !this.isCounted(use.kind)) return 0;
    this.#budget = afterTurn(this.#budget, use, now);
    return untilPaid(this.#budget, use, now);
  }

  /** Learns from an answer; undefined if there was none. */
  answered(use: Use, answer: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined): void {
    const { kind } = use;
    this.#inFlight.set(kind, (this.#inFlight.get(kind) ?? 0) - 1);
    // One that asks for a token is sent again.
    if (answer?.status !== 401) this.#answered.add(kind);
    this.#endFirst(kind);
    // An answer that asks for a token, or fails, says nothing about the kind.
    if (answer === undefined) return;
    const now = this.#clock.monotonic();
    if (answer.status === 401) {
      // It is sent again with a token, which must not wait for a turn of its own.
      if (this.#budget && this.isCounted(kind)) this.#budget = afterRefusal(this.#budget, use, now);
      return;
    }
    const reported = reportedLimit(answer.headers, this.#clock.now());
    if (reported) {
      this.#budget = afterAnswer(this.#budget, reported, now, this.#countedInFlight());
      this.#free.set(kind, this.#freeAnswers(kind, reported.remaining, now));
      this.#lastReport = { remaining: reported.remaining, at: now };
    } else if (answer.status < 400) this.#free.set(kind, FREE_AFTER);
  }

  /** Requests without an answer yet that the host counts, as far as is known. */
  #countedInFlight(): number {
    return [...this.#inFlight].reduce((sum, [kind, count]) => ((this.#free.get(kind) ?? 0) < FREE_AFTER ? sum + count : sum), 0);
  }

  /** How many answers to this kind in a row took nothing, after one more. */
  #freeAnswers(kind: RequestKind, remaining: number, now: number): number {
    const known = this.#free.get(kind) ?? 0;
    if (!this.#budget || !this.#lastReport || remaining < this.#lastReport.remaining) return 0;
    // Later, a rolling window has given back requests, so that nothing seems to be taken.
    const isSoon = now - this.#lastReport.at < (this.#budget.windowMs / this.#budget.limit) * SOON;
    return isSoon ? known + 1 : known;
  }
}

import type { ReportedLimit } from './rate-limit-headers.ts';
import { returnedBy, returnOf, type Sent, totalOf, withOneMore, withoutLast } from './sent-requests.ts';

/**
 * What a request is for. `now`: a person or a notice asks for it, or it continues something. `running`: a tag list of a repository in
 * use. `other`: other tag lists, and metadata that decisions need. `spare`: metadata that only listings show, and tag lists that take more
 * than their share.
 */
export type Purpose = 'now' | 'running' | 'other' | 'spare';

export type Share = 'running' | 'other';

/** What a request takes of a budget. */
export interface Demand {
  readonly purpose: Purpose;
  /**
   * Requests of work that is worth nothing without all of them, from this one on: the pages of a list. By default one, or an unknown
   * number if the work has begun.
   */
  readonly requests?: number | undefined;
  /** Whether the work has had its turn, in which its known requests were charged. */
  readonly isBegun?: boolean | undefined;
}

/** The requests that a host still answers, and how they are spread over its window. Times are of the monotonic clock. */
export interface Budget {
  /** Requests in a window. */
  readonly limit: number;
  /** Requests left in it: as the host said, less those sent since. */
  readonly remaining: number;
  readonly windowMs: number;
  /** End of the window; absent if it is rolling, or unknown. */
  readonly resetAt?: number;
  /** When a request or an answer last changed `remaining`. */
  readonly since: number;
  /** Our requests that a rolling window has not given back yet. */
  readonly sent: readonly Sent[];
  /** Requests that may be sent at once, by share: each fills at its part of the rate. */
  readonly saved: Readonly<Record<Share, number>>;
  readonly savedAt: number;
}

/** Part of the rate for the first share. What it does not need goes to the other, so that neither starves. */
const RUNNING_PART = 0.9;
/** Part of the limit that may be spent at once by a share. */
const AT_ONCE: Readonly<Record<Share, number>> = { running: 0.02, other: 0.03 };
/** Part of the limit of a rolling window that is never spent; below it, the rate falls in proportion to what is left. */
const MARGIN = 0.05;
/** Metadata for listings is read only while more than this part of the limit is left: others share the limit, such as nodes that pull. */
const SPARE_ABOVE = 0.5;
/** What is still tried in a window of which too little is left and whose end is unknown. */
const TRIES_IN_WINDOW = 10;

/** The budget after a response; `inFlight` are counted requests that the host may not know yet. */
export function afterAnswer(before: Budget | undefined, reported: ReportedLimit, now: number, inFlight: number): Budget {
  const limit = Math.max(reported.limit ?? Math.max(before?.limit ?? 1, reported.remaining), 1);
  const windowMs = Math.max(reported.windowMs ?? Math.max(before?.windowMs ?? 0, reported.resetMs ?? 0), 1000);
  const { saved, savedAt, sent } = before ? asOf(before, now) : { saved: { running: 1, other: 1 }, savedAt: now, sent: [] };
  return {
    limit,
    remaining: Math.max(0, Math.min(reported.remaining, limit) - inFlight),
    windowMs,
    ...(reported.resetMs === undefined ? {} : { resetAt: now + reported.resetMs }),
    since: now,
    sent,
    saved,
    savedAt,
  };
}

/** The budget after the turn of some work: its share has less. A share of work that waits in turn may owe all of it: others wait as long. */
export function afterTurn(known: Budget, demand: Demand, now: number): Budget {
  const budget = asOf(known, now);
  const share = shareOf(demand);
  const before = budget.saved[share];
  const hasOwnTurn = demand.purpose === 'running' || demand.purpose === 'other';
  const least = hasOwnTurn ? Number.NEGATIVE_INFINITY : Math.min(before, -budget.limit / 10);
  return { ...budget, saved: { ...budget.saved, [share]: Math.max(before - chargeOf(demand, budget), least) } };
}

/** The budget after a counted request. */
export function afterRequest(before: Budget, now: number): Budget {
  const budget = asOf(before, now);
  const sent = withOneMore(budget.sent, budget.windowMs, now);
  return { ...budget, remaining: Math.max(0, budget.remaining - 1), since: now, sent };
}

/** The budget after a counted request that was answered with the wish for a token: what it took is given back. */
export function afterRefusal(before: Budget, demand: Demand, now: number): Budget {
  const budget = asOf(before, now);
  const share = shareOf(demand);
  const saved = Math.min(budget.saved[share] + chargeOf(demand, budget), fullShares(budget.limit)[share]);
  return {
    ...budget,
    remaining: Math.min(budget.remaining + 1, budget.limit),
    sent: withoutLast(budget.sent),
    saved: { ...budget.saved, [share]: saved },
  };
}

/** Milliseconds until it is the turn of some work, or until a request of work that has begun may be sent. */
export function waitFor(before: Budget, demand: Demand, now: number): number {
  const { purpose, requests = 1, isBegun = false } = demand;
  const budget = asOf(before, now);
  // A list that is longer than expected may have any number of pages: it does not take the last requests.
  if (isBegun) return untilLeft(budget, demand.requests ?? 1 + budget.limit * MARGIN, now);
  if (purpose === 'spare') {
    const isPlenty = budget.remaining > budget.limit * SPARE_ABOVE && budget.remaining >= requests;
    return isPlenty ? untilOther(budget, fullShares(budget.limit).other, now) : Number.POSITIVE_INFINITY;
  }
  if (purpose === 'now') return untilLeft(budget, requests, now);
  if (budget.remaining < 1) return untilLeft(budget, 1, now);
  return untilSaved(budget, shareOf(demand), 1, now);
}

/** Milliseconds until all requests of some work may be sent that has just had its turn: until its share owes nothing. */
export function untilPaid(before: Budget, demand: Demand, now: number): number {
  const { requests = 1 } = demand;
  if (!isInTurn(demand) || requests <= 1) return 0;
  const budget = asOf(before, now);
  return Math.max(untilSaved(budget, shareOf(demand), 0, now), untilLeft(budget, requests, now));
}

/** Whether a share can pay so many requests in one window; the second pays more while the first does not need its part. */
export function fits(before: Budget, share: Share, requests: number, now: number): boolean {
  const { limit, saved } = asOf(before, now);
  const part = share === 'other' && saved.running >= fullShares(limit).running ? 1 : partOf(share);
  return requests <= 1 || requests <= part * (1 - MARGIN) * limit;
}

/** Milliseconds for one more request of tag lists with the purpose. */
export function spacingOf(before: Budget, purpose: Purpose, now: number): number {
  const budget = asOf(before, now);
  return 1 / (rateOf(budget, now) * partOf(shareOf({ purpose })));
}

/**
 * The budget at a later time: the shares have grown, and a window that ended is full again. A rolling one is, too, as far as is known,
 * when nothing was asked for as long as it lasts.
 */
export function asOf(before: Budget, now: number): Budget {
  const fullAt = before.resetAt ?? before.since + before.windowMs;
  const budget = now >= fullAt ? renewed(before, now) : returnedTo(before, now);
  const gained = Math.max(0, now - budget.savedAt) * rateOf(budget, now);
  const full = fullShares(budget.limit);
  const running = budget.saved.running + gained * RUNNING_PART;
  const overflow = Math.max(0, running - full.running);
  return {
    ...budget,
    saved: {
      running: Math.min(running, full.running),
      other: Math.min(budget.saved.other + gained * (1 - RUNNING_PART) + overflow, full.other),
    },
    savedAt: now,
  };
}

/** Whether it waits until its share has saved enough. */
function isInTurn({ purpose, isBegun = false }: Demand): boolean {
  return !isBegun && (purpose === 'running' || purpose === 'other');
}

function shareOf({ purpose }: Demand): Share {
  return purpose === 'running' ? 'running' : 'other';
}

function partOf(share: Share): number {
  return share === 'running' ? RUNNING_PART : 1 - RUNNING_PART;
}

/** The known requests of work that has begun were charged in its turn; more of them lower the rate, if a window ends. */
function chargeOf({ requests, isBegun = false }: Demand, { resetAt }: Budget): number {
  if (!isBegun) return requests ?? 1;
  return requests === undefined && resetAt === undefined ? 1 : 0;
}

/** Until so many requests are left. Where others have spent most of them, until one is tried, whose answer says how many are. */
function untilLeft({ limit, remaining, resetAt, since, windowMs, sent }: Budget, wanted: number, now: number): number {
  if (remaining >= wanted) return 0;
  const isOurs = totalOf(sent) >= (limit - remaining) / 2;
  const returnAt = isOurs ? returnOf(sent, windowMs, wanted - remaining) : undefined;
  return Math.max(0, (resetAt ?? returnAt ?? since + windowMs / TRIES_IN_WINDOW) - now);
}

function renewed({ resetAt: _, ...budget }: Budget, now: number): Budget {
  return { ...budget, remaining: budget.limit, since: now, sent: [] };
}

/** A rolling window gives back requests one by one; a fixed one all at its end. */
function returnedTo(budget: Budget, now: number): Budget {
  const { sent, returned } = returnedBy(budget.sent, budget.windowMs, now);
  if (returned === 0) return budget;
  const more = budget.resetAt === undefined ? returned : 0;
  return { ...budget, sent, remaining: Math.min(budget.remaining + more, budget.limit) };
}

/**
 * Requests per millisecond: what is left, spread over the time left. Of a rolling window that time is unknown, but requests return as
 * time passes: the even rate, less the margin, until little is left.
 */
function rateOf({ limit, remaining, windowMs, resetAt }: Budget, now: number): number {
  if (resetAt !== undefined) return Math.max(remaining, 0.5) / Math.max(resetAt - now, 1);
  return Math.min(limit, Math.max(remaining, 0.5) / MARGIN) * ((1 - MARGIN) / windowMs);
}

function fullShares(limit: number): Readonly<Record<Share, number>> {
  return { running: Math.max(1, limit * AT_ONCE.running), other: Math.max(1, limit * AT_ONCE.other) };
}

function lacking({ saved }: Budget, share: Share, wanted: number): number {
  return Math.max(0, wanted - saved[share]);
}

/** Until a share has so much. */
function untilSaved(budget: Budget, share: Share, wanted: number, now: number): number {
  return share === 'running' ? untilRunning(budget, wanted, now) : untilOther(budget, wanted, now);
}

/** Until the first share has so much: after the end of a window at another rate. */
function untilRunning(budget: Budget, wanted: number, now: number): number {
  const { limit, windowMs, resetAt = Number.POSITIVE_INFINITY } = budget;
  const need = lacking(budget, 'running', wanted);
  const rate = RUNNING_PART * rateOf(budget, now);
  const untilReset = resetAt - now;
  if (need <= rate * untilReset) return need / rate;
  return untilReset + (need - rate * untilReset) / ((RUNNING_PART * limit) / windowMs);
}

/** Until the second share has so much: slowly, until the first is full. The end of a window comes first: its rate is another. */
function untilOther(budget: Budget, wanted: number, now: number): number {
  const { resetAt = Number.POSITIVE_INFINITY } = budget;
  const rate = rateOf(budget, now);
  const need = lacking(budget, 'other', wanted);
  const untilOverflow = lacking(budget, 'running', fullShares(budget.limit).running) / (RUNNING_PART * rate);
  const slowly = need / (partOf('other') * rate);
  const ms = slowly <= untilOverflow ? slowly : untilOverflow + (need - untilOverflow * partOf('other') * rate) / rate;
  return Math.min(ms, resetAt - now);
}

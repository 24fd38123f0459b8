import type { ReportedLimit } from './rate-limit-headers.ts';

/**
 * What a request is for. `now`: a person or a notice asks for it, or it continues something. `running`: a tag list of a repository in
 * use. `other`: other tag lists, and metadata that decisions need. `spare`: metadata that only listings show.
 */
export type Purpose = 'now' | 'running' | 'other' | 'spare';

type Share = 'running' | 'other';

/** The requests that a host still answers, and how they are spread over its window. Times are of the monotonic clock. */
export interface Budget {
  /** Requests in a window. */
  readonly limit: number;
  /** Requests left in it: as the host said, less those sent since. */
  readonly remaining: number;
  readonly windowMs: number;
  /** End of the window; absent if it is rolling, or unknown. */
  readonly resetAt?: number;
  /** When `remaining` last changed. */
  readonly since: number;
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
/** What is still tried in a window of which nothing is left and whose end is unknown. */
const TRIES_IN_WINDOW = 10;

/** The budget after a response; `inFlight` are counted requests that the host may not know yet. */
export function afterAnswer(before: Budget | undefined, reported: ReportedLimit, now: number, inFlight: number): Budget {
  const limit = Math.max(reported.limit ?? Math.max(before?.limit ?? 1, reported.remaining), 1);
  const windowMs = Math.max(reported.windowMs ?? Math.max(before?.windowMs ?? 0, reported.resetMs ?? 0), 1000);
  const { saved, savedAt } = before ? asOf(before, now) : { saved: { running: 1, other: 1 }, savedAt: now };
  return {
    limit,
    remaining: Math.max(0, Math.min(reported.remaining, limit) - inFlight),
    windowMs,
    ...(reported.resetMs === undefined ? {} : { resetAt: now + reported.resetMs }),
    since: now,
    saved,
    savedAt,
  };
}

/** The budget after a counted request. */
export function afterRequest(before: Budget, purpose: Purpose, now: number): Budget {
  const budget = asOf(before, now);
  const share = purpose === 'running' ? 'running' : 'other';
  const left = Math.max(budget.saved[share] - 1, -budget.limit / 10);
  return {
    ...budget,
    remaining: Math.max(0, budget.remaining - 1),
    since: now,
    saved: { ...budget.saved, [share]: left },
  };
}

/** The budget after a counted request that was answered with the wish for a token: what it took is given back. */
export function afterRefusal(before: Budget, purpose: Purpose, now: number): Budget {
  const budget = asOf(before, now);
  const share = purpose === 'running' ? 'running' : 'other';
  const saved = Math.min(budget.saved[share] + 1, fullShares(budget.limit)[share]);
  return {
    ...budget,
    remaining: Math.min(budget.remaining + 1, budget.limit),
    saved: { ...budget.saved, [share]: saved },
  };
}

/** Milliseconds until a counted request may be sent. */
export function waitFor(before: Budget, purpose: Purpose, now: number): number {
  const budget = asOf(before, now);
  if (budget.remaining < 1) return Math.max(0, (budget.resetAt ?? budget.since + budget.windowMs / TRIES_IN_WINDOW) - now);
  if (purpose === 'now') return 0;
  if (purpose === 'running') return lacking(budget, 'running', 1) / (RUNNING_PART * rateOf(budget, now));
  if (purpose === 'other') return untilOther(budget, 1, now);
  return budget.remaining > budget.limit * SPARE_ABOVE
    ? untilOther(budget, fullShares(budget.limit).other, now)
    : Number.POSITIVE_INFINITY;
}

/** Milliseconds from one tag list to the next, of those with the purpose. */
export function spacingOf(before: Budget, purpose: 'running' | 'other', now: number): number {
  const budget = asOf(before, now);
  return 1 / (rateOf(budget, now) * (purpose === 'running' ? RUNNING_PART : 1 - RUNNING_PART));
}

/** The budget at a later time: a window that ended is full again, and the shares have grown. */
export function asOf(before: Budget, now: number): Budget {
  const budget = before.resetAt !== undefined && now >= before.resetAt ? renewed(before, before.resetAt) : before;
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

function renewed({ resetAt: _, ...budget }: Budget, at: number): Budget {
  return { ...budget, remaining: budget.limit, since: at };
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

/** Until the second share has so much: slowly, until the first is full. */
function untilOther(budget: Budget, wanted: number, now: number): number {
  const rate = rateOf(budget, now);
  const need = lacking(budget, 'other', wanted);
  const untilOverflow = lacking(budget, 'running', fullShares(budget.limit).running) / (RUNNING_PART * rate);
  const slowly = need / ((1 - RUNNING_PART) * rate);
  return slowly <= untilOverflow ? slowly : untilOverflow + (need - untilOverflow * (1 - RUNNING_PART) * rate) / rate;
}

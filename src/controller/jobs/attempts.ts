import { backoffMs, FluxError, hasCode, messageOf } from '../../base/index.ts';

/** What is known of the last push of an update. `P` is what was pushed. */
export type LastPush<P> =
  | { readonly state: 'none' }
  | { readonly state: 'running'; readonly pushed: P }
  /** It failed, and it may have arrived all the same. */
  | { readonly state: 'unanswered'; readonly pushed: P; readonly error: FluxError }
  /** It was rejected, or the branch did not have it at the last fetch. */
  | { readonly state: 'failed'; readonly pushed: P };

/** How far an update has come, over all its attempts. */
export interface Attempts<P> {
  readonly lastPush: LastPush<P>;
  /** Pushes that lost a race. */
  readonly raced: number;
  /** Failures that may pass. */
  readonly troubled: number;
  /** Why the attempt before this one failed. */
  readonly trouble?: unknown;
  /** How long to wait before the next attempt. */
  readonly waitMs: number;
}

/** What follows a failed attempt. */
export type AfterFailure<P> =
  | { readonly next: 'retry'; readonly attempts: Attempts<P> }
  | { readonly next: 'fail'; readonly error: unknown };

/** How often an update is retried before its job fails. */
const RACED = { retries: 5, initialMs: 100, maxMs: 2_000 };
const TROUBLED = { retries: 2, initialMs: 1_000, maxMs: 4_000 };

/** Failures that may be over at the next attempt: a broken connection, a killed git, a registry that did not answer. */
const PASSING: readonly string[] = [
  'git/unreachable',
  'git/command-failed',
  'git/timeout',
  'git/not-run',
  'git/mirror-broken',
  'git/push-unanswered',
  'git/push-unknown',
  'update/registry-failed',
];

/** Before the first attempt. */
export const NO_ATTEMPTS: Attempts<never> = { lastPush: { state: 'none' }, raced: 0, troubled: 0, waitMs: 0 };

/** A push begins. */
export function pushing<P>(attempts: Attempts<P>, pushed: P): Attempts<P> {
  return { ...attempts, lastPush: { state: 'running', pushed } };
}

/** The branch was fetched, and does not have the last push. */
export function notArrived<P>(attempts: Attempts<P>): Attempts<P> {
  const { lastPush } = attempts;
  return lastPush.state === 'none' ? attempts : { ...attempts, lastPush: { state: 'failed', pushed: lastPush.pushed } };
}

/** An attempt failed. `isOver`: the job has no time left, or the daemon stops. */
export function attemptFailed<P>(
  attempts: Attempts<P>,
  error: unknown,
  { isOver }: { readonly isOver: boolean },
): AfterFailure<P> {
  const lastPush = pushAfter(attempts, error, isOver);
  const unanswered = lastPush.state === 'unanswered' ? lastPush.error : undefined;
  // Why the attempts before failed says more than that the time is over.
  if (isOver) return { next: 'fail', error: unanswered ?? attempts.trouble ?? error };
  const retry = retryOf(attempts, error);
  if (retry === undefined) return { next: 'fail', error: unanswered ?? error };
  return { next: 'retry', attempts: { ...attempts, ...retry, lastPush, trouble: error } };
}

function pushAfter<P>({ lastPush, trouble }: Attempts<P>, error: unknown, isOver: boolean): LastPush<P> {
  if (lastPush.state !== 'running') return lastPush;
  const { pushed } = lastPush;
  if (isPushUnknown(error)) return { state: 'unanswered', pushed, error };
  return isOver ? { state: 'unanswered', pushed, error: interrupted(trouble ?? error) } : { state: 'failed', pushed };
}

function retryOf({ raced, troubled }: Attempts<unknown>, error: unknown): Partial<Attempts<never>> | undefined {
  if (!(error instanceof FluxError)) return undefined;
  if (error.code === 'git/push-raced')
    return raced < RACED.retries ? { raced: raced + 1, waitMs: backoffMs(raced, RACED) } : undefined;
  if (!PASSING.includes(error.code) || error.fault !== 'server') return undefined;
  return troubled < TROUBLED.retries ? { troubled: troubled + 1, waitMs: backoffMs(troubled, TROUBLED) } : undefined;
}

function isPushUnknown(error: unknown): error is FluxError {
  return hasCode(error, 'git/push-unknown');
}

/** The job ran out of time, or the daemon stops, in the middle of a push. */
function interrupted(error: unknown): FluxError {
  return new FluxError(`unknown whether the push arrived: ${messageOf(error)}`, {
    code: 'git/push-unknown',
    help: 'The next fetch will show whether the commit is in the branch.',
    cause: error,
  });
}

import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Clock, FluxError } from '../../base/index.ts';
import type { AccessQuestion, AccessVerdict } from '../../controller/index.ts';
import { Lately } from './lately.ts';

export type ReviewAccess = (question: AccessQuestion, options: { readonly signal: AbortSignal }) => Promise<AccessVerdict>;

/** Who wants to do what, from the network. */
export interface Approach {
  readonly token: string | undefined;
  /** The HTTP method. */
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** Whether a route answers it: about what is not served the API server is never asked. */
  readonly served: boolean;
  /** The client's address. */
  readonly from: string;
}

/**
 * What stands before a path of ours when rights are asked for. Every token of a cluster may `get` the paths `/api/*`, since the API
 * server's own discovery lies there (ClusterRole system:discovery); our paths must not be taken for those.
 */
export const RIGHTS_PREFIX = '/fluxd';

/** How long a yes and a no count, ms. A right that was taken away is gone within a minute, from streams too, which may begin at the end of a yes (S-086). */
const YES_MS = 30_000;
const NO_MS = 10_000;
/** The API server has this long to answer, ms. */
const REVIEW_MS = 5_000;
/** Answers that are kept. */
const KEPT = 1000;
/** Questions that are under way, of all and of one address: others find room while one floods. */
const AT_ONCE = 32;
const AT_ONCE_FROM_ONE = 16;
/** Questions in a second, of all and of one address. */
const IN_A_SECOND = 100;
const IN_A_SECOND_FROM_ONE = 50;
/** So many tokens of one address may be wrong, and so many rights one token may lack, before no more is asked about them for this time (S-081). */
const REFUSALS = 20;
const REFUSALS_MS = 10_000;
const ALL = '';

/**
 * Decides by the API server's word who may come in from the network. Answers are kept for a while, under a hash of the token. When the
 * API server cannot be asked nobody comes in.
 */
export function createRights({ review, clock }: { readonly review: ReviewAccess; readonly clock: Clock }) {
  const answers = new LRUCache<string, { readonly verdict: AccessVerdict; readonly until: number }>({ max: KEPT });
  /** Until when a token counts as one with a right, whichever; by hash. */
  const trusted = new LRUCache<string, number>({ max: KEPT });
  const asking = new Map<string, Promise<AccessVerdict>>();
  const askingFrom = new Map<string, number>();
  const asked = new Lately(clock, 1000);
  const wrongFrom = new Lately(clock, REFUSALS_MS);
  const refusedTo = new Lately(clock, REFUSALS_MS);

  /** @throws FluxError `api/forbidden`, `api/too-many-requests`, `api/access-unknown`. */
  async function check({ token, method, path, served, from }: Approach): Promise<void> {
    if (token === undefined) {
      throw forbidden(
        'the request has no token',
        'Send a Kubernetes token as Authorization: Bearer TOKEN; fluxctl does so with --token.',
      );
    }
    if (!served) {
      if ((trusted.get(hashOf(token)) ?? 0) > clock.monotonic()) return;
      throw unknownToken();
    }
    const verdict = await verdictOn({ token, verb: method.toLowerCase(), path: RIGHTS_PREFIX + path }, from);
    if (verdict.outcome === 'allowed') return;
    if (verdict.outcome === 'unknown-token') throw unknownToken();
    throw forbidden(
      `${verdict.user} may not ${method.toLowerCase()} ${RIGHTS_PREFIX}${path.slice(0, 200)}`,
      'Rights to call fluxd are given by a ClusterRole with nonResourceURLs; docs/api-access.md shows one.',
    );
  }

  async function verdictOn(question: AccessQuestion, from: string): Promise<AccessVerdict> {
    const key = hashOf(question.token, question.verb, question.path);
    const known = answers.get(key);
    if (known && known.until > clock.monotonic()) return known.verdict;
    return asking.get(key) ?? ask(key, question, from);
  }

  function ask(key: string, question: AccessQuestion, from: string): Promise<AccessVerdict> {
    refuseFlood(question.token, from);
    asked.count(ALL);
    asked.count(from);
    askingFrom.set(from, (askingFrom.get(from) ?? 0) + 1);
    const verdict = judge(question, from)
      .then((verdict) => {
        const isYes = verdict.outcome === 'allowed';
        const until = clock.monotonic() + (isYes ? YES_MS : NO_MS);
        answers.set(key, { verdict, until });
        if (isYes) trusted.set(hashOf(question.token), until);
        return verdict;
      })
      .finally(() => {
        asking.delete(key);
        const left = (askingFrom.get(from) ?? 1) - 1;
        if (left === 0) askingFrom.delete(from);
        else askingFrom.set(from, left);
      });
    asking.set(key, verdict);
    return verdict;
  }

  /** @throws FluxError `api/too-many-requests`. */
  function refuseFlood(token: string, from: string): void {
    if (wrongFrom.of(from) >= REFUSALS) throw busy('many tokens from this address were not valid');
    if (refusedTo.of(hashOf(token)) >= REFUSALS) throw busy('this token has asked for many rights that it does not have');
    if (asking.size >= AT_ONCE || (askingFrom.get(from) ?? 0) >= AT_ONCE_FROM_ONE)
      throw busy('many rights are being asked for at once');
    if (asked.of(ALL) >= IN_A_SECOND || asked.of(from) >= IN_A_SECOND_FROM_ONE)
      throw busy('many rights were asked for in the last second');
  }

  async function judge(question: AccessQuestion, from: string): Promise<AccessVerdict> {
    using deadline = clock.deadline(REVIEW_MS);
    try {
      const verdict = await review(question, { signal: deadline.signal });
      if (verdict.outcome === 'unknown-token') wrongFrom.count(from);
      if (verdict.outcome === 'forbidden') refusedTo.count(hashOf(question.token));
      return verdict;
    } catch (cause) {
      // Why is for the log alone: nobody knows who asks.
      throw new FluxError('access cannot be decided now', {
        code: 'api/access-unknown',
        help: 'The API server cannot be asked about the token; the log of fluxd says why.',
        cause,
      });
    }
  }

  return { check };
}

export type Rights = ReturnType<typeof createRights>;

function hashOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function unknownToken(): FluxError {
  return forbidden('the token is not valid', 'It may have expired, or be for another cluster or audience.');
}

function forbidden(message: string, help: string): FluxError {
  return new FluxError(message, { code: 'api/forbidden', fault: 'user', help });
}

function busy(message: string): FluxError {
  return new FluxError(message, { code: 'api/too-many-requests', fault: 'user', help: 'Try again in some seconds.' });
}

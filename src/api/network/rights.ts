import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Clock, FluxError } from '../../base/index.ts';
import type { AccessQuestion, AccessVerdict } from '../../controller/index.ts';

export type ReviewAccess = (question: AccessQuestion, options: { readonly signal: AbortSignal }) => Promise<AccessVerdict>;

/** Who wants to do what, from the network. */
export interface Approach {
  readonly token: string | undefined;
  /** The HTTP method. */
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
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
/** Answers that are kept, addresses that are counted, questions that are under way. */
const KEPT = 1000;
const AT_ONCE = 32;
/** From one address so many tokens may be wrong in this time, before it is not asked about others of its own any more (S-081). */
const WRONG_TOKENS = 20;
const WRONG_WINDOW_MS = 10_000;

/**
 * Decides by the API server's word who may come in from the network. Answers are kept for a while, under a hash of the token. When the
 * API server cannot be asked nobody comes in.
 */
export function createRights({ review, clock }: { readonly review: ReviewAccess; readonly clock: Clock }) {
  const answers = new LRUCache<string, { readonly verdict: AccessVerdict; readonly until: number }>({ max: KEPT });
  const asking = new Map<string, Promise<AccessVerdict>>();
  const wrong = new LRUCache<string, { readonly since: number; count: number }>({ max: KEPT });

  /** @throws FluxError `api/forbidden`, `api/too-many-requests`, `api/access-unknown`. */
  async function check({ token, method, path, from }: Approach): Promise<void> {
    if (token === undefined) {
      throw forbidden(
        'the request has no token',
        'Send a Kubernetes token as Authorization: Bearer TOKEN; fluxctl does so with --token.',
      );
    }
    const verdict = await verdictOn({ token, verb: method.toLowerCase(), path: RIGHTS_PREFIX + path }, from);
    if (verdict.outcome === 'allowed') return;
    if (verdict.outcome === 'unknown-token') {
      throw forbidden('the token is not valid', 'It may have expired, or be for another cluster or audience.');
    }
    throw forbidden(
      `${verdict.user} may not ${method.toLowerCase()} ${RIGHTS_PREFIX}${path.slice(0, 200)}`,
      'Rights to call fluxd are given by a ClusterRole with nonResourceURLs; docs/api-access.md shows one.',
    );
  }

  async function verdictOn(question: AccessQuestion, from: string): Promise<AccessVerdict> {
    const key = createHash('sha256')
      .update(JSON.stringify([question.token, question.verb, question.path]))
      .digest('base64');
    const known = answers.get(key);
    if (known && known.until > clock.now()) return known.verdict;
    return asking.get(key) ?? ask(key, question, from);
  }

  function ask(key: string, question: AccessQuestion, from: string): Promise<AccessVerdict> {
    if (isSuspect(from)) throw busy('many tokens from this address were not valid');
    if (asking.size >= AT_ONCE) throw busy('many rights are being asked for at once');
    const asked = judge(question, from)
      .then((verdict) => {
        answers.set(key, { verdict, until: clock.now() + (verdict.outcome === 'allowed' ? YES_MS : NO_MS) });
        return verdict;
      })
      .finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  }

  async function judge(question: AccessQuestion, from: string): Promise<AccessVerdict> {
    using deadline = clock.deadline(REVIEW_MS);
    try {
      const verdict = await review(question, { signal: deadline.signal });
      if (verdict.outcome === 'unknown-token') countWrong(from);
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

  function isSuspect(from: string): boolean {
    const entry = wrong.get(from);
    return entry !== undefined && entry.count >= WRONG_TOKENS && clock.now() - entry.since < WRONG_WINDOW_MS;
  }

  function countWrong(from: string): void {
    const entry = wrong.get(from);
    if (entry && clock.now() - entry.since < WRONG_WINDOW_MS) entry.count += 1;
    else wrong.set(from, { since: clock.now(), count: 1 });
  }

  return { check };
}

export type Rights = ReturnType<typeof createRights>;

function forbidden(message: string, help: string): FluxError {
  return new FluxError(message, { code: 'api/forbidden', fault: 'user', help });
}

function busy(message: string): FluxError {
  return new FluxError(message, { code: 'api/too-many-requests', fault: 'user', help: 'Try again in some seconds.' });
}

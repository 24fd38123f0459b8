import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Clock, FluxError } from '../../base/index.ts';
import type { AccessQuestion, AccessSubject, AccessVerdict, ResourceRight } from '../../resource/index.ts';
import { Occupancy } from '../occupancy.ts';
import { forbidden, tooManyRequests } from './refusal.ts';
import type { Right } from './session.ts';
import { WindowCounter } from './window-counter.ts';

export type ReviewAccess = (question: AccessQuestion, options: { readonly signal: AbortSignal }) => Promise<AccessVerdict>;

/** A caller, who sent a token, which may be anything, or has signed in. */
export interface Holder {
  readonly subject: AccessSubject;
  /** The client's address. */
  readonly from: string;
}

/**
 * Prefix of our paths in access reviews. Every token of a cluster may `get` the paths `/api/*`, since they are the API server's own
 * discovery (ClusterRole system:discovery); our paths must not be mistaken for those.
 */
export const RIGHTS_PREFIX = '/fluxd';

/** How long decisions are cached, in milliseconds. A revoked right ends within a minute, also for streams, which may start at the end of a cached yes (S-086). */
const YES_MS = 30_000;
const NO_MS = 10_000;
/** Timeout of an access review, in milliseconds. */
const REVIEW_MS = 5_000;
/** Size of the cache. */
const KEPT = 1000;
/** Concurrent reviews, in total and for one address, so that one flooding address leaves room for others. */
const AT_ONCE = 32;
const AT_ONCE_FROM_ONE = 16;
/** Reviews per second, in total and for one address. */
const IN_A_SECOND = 100;
const IN_A_SECOND_FROM_ONE = 50;
/** After this many invalid tokens from one address, or denied rights of one token, their requests are rejected unchecked for this time (S-081). */
const REFUSALS = 20;
const REFUSALS_MS = 10_000;
const ALL = '';

/**
 * Authorizes requests from the network through the API server. Decisions are cached for a while, under a hash of the caller. When the
 * API server is unavailable, requests are rejected.
 */
export function createRights({ review, clock }: { readonly review: ReviewAccess; readonly clock: Clock }) {
  const answers = new LRUCache<string, { readonly verdict: AccessVerdict; readonly until: number }>({ max: KEPT });
  /** Until when a caller is known to have some right, by hash. */
  const trusted = new LRUCache<string, number>({ max: KEPT });
  const asking = new Map<string, Promise<AccessVerdict>>();
  const askingFrom = new Occupancy();
  const asked = new WindowCounter(clock, 1000);
  const wrongFrom = new WindowCounter(clock, REFUSALS_MS);
  const refusedTo = new WindowCounter(clock, REFUSALS_MS);

  /** Resolves to the user's name. @throws FluxError `api/forbidden`, `api/too-many-requests`, `api/access-unknown`. */
  async function require({ subject, from }: Holder, { method, path, served }: Right): Promise<string> {
    if (!served) {
      if ((trusted.get(hashOf(subject)) ?? 0) > clock.monotonic()) return '';
      throw unknownToken();
    }
    const verdict = await verdictOn({ ...subject, verb: method.toLowerCase(), path: RIGHTS_PREFIX + path }, from);
    if (verdict.outcome === 'allowed') return verdict.user;
    if (verdict.outcome === 'unknown-token') throw unknownToken();
    throw forbidden(
      `${verdict.user} may not ${method.toLowerCase()} ${RIGHTS_PREFIX}${path.slice(0, 200)}`,
      'Grant rights to call fluxd with a ClusterRole with nonResourceURLs; see docs/api-access.md.',
    );
  }

  /** Whether the caller has a right on a resource of the cluster. @throws FluxError as `require` does. */
  async function requireOn({ subject, from }: Holder, on: ResourceRight): Promise<void> {
    const verdict = await verdictOn({ ...subject, on }, from);
    if (verdict.outcome === 'allowed') return;
    if (verdict.outcome === 'unknown-token') throw unknownToken();
    throw forbidden(
      `${verdict.user} may not ${rightText(on)}`,
      'Grant that right of Kubernetes with a Role or ClusterRole; see docs/api-access.md.',
    );
  }

  async function verdictOn(question: AccessQuestion, from: string): Promise<AccessVerdict> {
    const key = hashOf(question);
    const known = answers.get(key);
    if (known && known.until > clock.monotonic()) return known.verdict;
    return asking.get(key) ?? ask(key, question, from);
  }

  function ask(key: string, question: AccessQuestion, from: string): Promise<AccessVerdict> {
    refuseFlood(subjectOf(question), from);
    asked.count(ALL);
    asked.count(from);
    const leave = askingFrom.enter(from);
    const verdict = judge(question, from)
      .then((verdict) => {
        const isYes = verdict.outcome === 'allowed';
        const until = clock.monotonic() + (isYes ? YES_MS : NO_MS);
        answers.set(key, { verdict, until });
        if (isYes) trusted.set(hashOf(subjectOf(question)), until);
        return verdict;
      })
      .finally(() => {
        asking.delete(key);
        leave();
      });
    asking.set(key, verdict);
    return verdict;
  }

  /** @throws FluxError `api/too-many-requests`. */
  function refuseFlood(subject: AccessSubject, from: string): void {
    if (wrongFrom.of(from) >= REFUSALS) throw tooManyRequests('too many invalid tokens from this address');
    if (refusedTo.of(hashOf(subject)) >= REFUSALS) throw tooManyRequests('too many denied requests with this token');
    if (asking.size >= AT_ONCE || askingFrom.of(from) >= AT_ONCE_FROM_ONE)
      throw tooManyRequests('too many concurrent access reviews');
    if (asked.of(ALL) >= IN_A_SECOND || asked.of(from) >= IN_A_SECOND_FROM_ONE)
      throw tooManyRequests('too many access reviews in the last second');
  }

  async function judge(question: AccessQuestion, from: string): Promise<AccessVerdict> {
    using deadline = clock.deadline(REVIEW_MS);
    try {
      const verdict = await review(question, { signal: deadline.signal });
      if (verdict.outcome === 'unknown-token') wrongFrom.count(from);
      if (verdict.outcome === 'forbidden') refusedTo.count(hashOf(subjectOf(question)));
      return verdict;
    } catch (cause) {
      // The reason goes only to the log, since the caller is not authenticated.
      throw new FluxError('access cannot be checked now', {
        code: 'api/access-unknown',
        help: 'The API server could not review the caller; see the log of fluxd.',
        cause,
      });
    }
  }

  return { require, requireOn };
}

export type Rights = ReturnType<typeof createRights>;

function subjectOf(question: AccessQuestion): AccessSubject {
  return 'token' in question ? { token: question.token } : { user: question.user, groups: question.groups };
}

function hashOf(value: AccessSubject | AccessQuestion): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64');
}

/** `get pods/log in namespace shop`. */
function rightText({ verb, group, resource, subresource, namespace, name }: ResourceRight): string {
  const what = [resource, ...(subresource === undefined ? [] : [subresource])].join('/') + (group === '' ? '' : `.${group}`);
  return `${verb} ${what}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}

function unknownToken(): FluxError {
  return new FluxError('the token is not valid', {
    code: 'api/bad-token',
    fault: 'user',
    help: 'It may have expired, or may be for another cluster or audience.',
  });
}

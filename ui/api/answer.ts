import type { ProblemWire } from '../../src/api/wire/index.ts';

/**
 * What came of a request. The page and the daemon are of one build, so a body of status 2xx is what its type says; where a proxy mixes
 * builds, the first look finds what has none of the lists that it should have, and `Boundary` the rest.
 */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** The API refuses: no session, no right, a mistake. */
  | { readonly kind: 'refused'; readonly problem: ProblemWire }
  /** Nothing answers, what answers is not fluxd, or fluxd cannot answer now, for a reason that it gives. */
  | { readonly kind: 'unreachable'; readonly problem?: ProblemWire };

/** The problem of an answer that is not what the page asked for. */
export const UNREADABLE: ProblemWire = {
  type: 'about:blank',
  title: 'Unreadable',
  status: 502,
  detail: 'what answers is of another version than this page, or is not fluxd',
  code: 'ui/unreadable',
};

/** Whether the session of the page is over, so that the user has to open it again. A user who lacks a right stays signed in. */
export function hasEnded({ code }: Pick<ProblemWire, 'code'>): boolean {
  return code === 'ui/no-session' || code === 'api/bad-token';
}

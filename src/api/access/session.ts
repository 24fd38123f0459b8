import type { ResourceRight } from '../../resource/index.ts';
import type { Caller } from './caller.ts';
import { noPage, noPageSession, type PageAccess, requirePageMay } from './page.ts';
import { forbidden, foreignPage } from './refusal.ts';

/** What a caller wants to do: the HTTP method and path of a route. */
export interface Right {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** Whether a route serves it: for other paths the API server is never asked. */
  readonly served: boolean;
}

/** Who sent a request, and what they may do. */
export type Session =
  /** A process on this machine, or the owner of a port-forward: everything. */
  | { readonly type: 'local' }
  /** fluxd's web page over loopback, whose user opened it with a one-time code. */
  | { readonly type: 'page'; readonly may: PageAccess }
  /** The holder of a Kubernetes token, or a user who signed in, by TLS: what the API server allows. `require` throws if that is not this right. */
  | {
      readonly type: 'token';
      /** Resolves to the user's name. */
      readonly require: (right: Right) => Promise<string>;
      /** Throws unless the API server allows them this on a resource of the cluster. */
      readonly requireOn: (right: ResourceRight) => Promise<void>;
      /** Who that is; known once a right was required. */
      readonly user?: string;
    }
  /** Anyone else: only what is public. `because` says why it is not more. */
  | { readonly type: 'anonymous'; readonly because: 'foreign-page' | 'no-page' | 'no-page-session' | 'no-token' | 'plain-http' };

/**
 * Opens the session of the callers that it recognises; undefined for others. The first in a list that recognises a caller decides.
 * @throws FluxError for a caller that must not even receive what is public.
 */
export type Authenticator = (caller: Caller) => Session | undefined;

export function openSession(caller: Caller, authenticators: readonly Authenticator[]): Session {
  for (const open of authenticators) {
    const session = open(caller);
    if (session) return session;
  }
  return { type: 'anonymous', because: 'plain-http' };
}

/** Resolves to the session with its user, if known. @throws FluxError `api/forbidden`, `ui/no-session`, or what the API server's answer leads to (see `rights.ts`). */
export async function requireRight(session: Session, right: Right): Promise<Session> {
  switch (session.type) {
    case 'local':
      return session;
    case 'page':
      requirePageMay(session.may, right.method);
      return session;
    case 'token':
      return { ...session, user: await session.require(right) };
    case 'anonymous':
      throw REFUSALS[session.because]();
  }
}

const REFUSALS = {
  'foreign-page': foreignPage,
  'no-page': noPage,
  'no-page-session': noPageSession,
  'no-token': () =>
    forbidden(
      'the request has no token',
      'Send a Kubernetes token as Authorization: Bearer TOKEN; fluxctl does so with --token.',
    ),
  'plain-http': () =>
    forbidden(
      'this API is served on loopback addresses, and elsewhere over TLS with a token',
      'Use a port-forward, which fluxctl opens by itself when it has a kubeconfig: fluxctl --k8s-fwd-ns <namespace> …',
    ),
} as const;

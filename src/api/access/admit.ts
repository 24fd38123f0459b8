import { FluxError } from '../../base/index.ts';
import type { Caller } from './caller.ts';
import { type Authenticator, openSession, type Right, requireRight, type Session } from './session.ts';

/**
 * Who may call a route. `public`: any caller, from any address. `authorized`: a caller whose session has the right to it. `signed`: any
 * caller, under any host name and without a session, because the handler itself rejects requests without a valid signature. `page`: a
 * browser that has no session yet, over loopback or TLS.
 */
export type Access = 'public' | 'authorized' | 'signed' | 'page';

const NO_SESSION: Session = { type: 'anonymous', because: 'plain-http' };

/**
 * Opens the session of a request, or throws why it is rejected. `access` is undefined for a request without a route, which needs a right
 * as well, so that the network cannot probe for routes.
 * @throws FluxError `api/bad-request`, and those of `requireRight`.
 */
export async function admit(
  access: Access | undefined,
  caller: Caller,
  right: Right,
  authenticators: readonly Authenticator[],
): Promise<Session> {
  if (caller.hosts.length > 1)
    throw new FluxError('the request has more than one Host header', { code: 'api/bad-request', fault: 'user' });
  // A request forged by a web page has no signature.
  if (access === 'signed') return NO_SESSION;
  const session = openSession(access === 'page' ? withoutLink(caller) : caller, authenticators);
  if (access === 'public' || (access === 'page' && mayOpenPage(session))) return session;
  return requireRight(session, right);
}

/** Who follows a link to the page comes from another site, and the browser shows the page in a tab of its own. */
function withoutLink(caller: Caller): Caller {
  const { 'sec-fetch-site': _site, ...headers } = caller.headers;
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document' ? { ...caller, headers } : caller;
}

/** Files of the page and its login have no secrets, and the page needs them to get a session. */
function mayOpenPage(session: Session): boolean {
  return session.type !== 'anonymous' || session.because === 'no-page-session' || session.because === 'no-token';
}

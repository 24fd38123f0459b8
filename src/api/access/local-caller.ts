import { type Caller, isForeignPage, isLoopback } from './caller.ts';
import { isOwnPage, type PageAccess } from './page.ts';
import type { PageSessions } from './page-sessions.ts';
import { forbidden, foreignPage } from './refusal.ts';
import type { Authenticator, Session } from './session.ts';
import { tokenOf } from './token.ts';

/** fluxd's web page over loopback. */
export interface LocalPage {
  readonly sessions: PageSessions;
  readonly may: PageAccess;
}

/**
 * Recognises connections to a loopback address, where port-forwards and local users arrive. The danger there is a browser: a foreign DNS
 * name that points to this machine (S-071), a web page that makes the user's browser send requests (S-072), or a page that another
 * program serves at the same port at another time. So a request of a page at this address needs the token of a session.
 */
export function localCaller(page?: LocalPage): Authenticator {
  return (caller) => {
    if (!isLoopback(caller.localAddress)) return undefined;
    requireLoopbackNames(caller);
    return isOwnPage(caller) ? sessionOfPage(caller, page) : { type: 'local' };
  };
}

/** @throws FluxError `api/forbidden` for a foreign name of this machine, and for a web page of another site. */
export function requireLoopbackNames(caller: Caller): void {
  const [host = ''] = caller.hosts;
  if (!isLoopbackHost(host)) {
    throw forbidden(
      `host ${JSON.stringify(host.slice(0, 100))} is not a loopback name`,
      'Call the API as localhost, 127.0.0.1 or [::1].',
    );
  }
  if (isForeignPage(caller)) throw foreignPage();
}

function sessionOfPage({ headers, hosts: [host = ''] }: Caller, page: LocalPage | undefined): Session {
  if (!page) return { type: 'anonymous', because: 'no-page' };
  const token = tokenOf(headers);
  if (token === undefined || !page.sessions.has(token, host)) return { type: 'anonymous', because: 'no-page-session' };
  return { type: 'page', may: page.may };
}

function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(host);
}

import { FluxError } from '../../base/index.ts';
import type { AccessSubject } from '../../resource/index.ts';
import { isForeignPage } from './caller.ts';
import { isOwnPage, type PageAccess, requirePageMay } from './page.ts';
import type { Rights } from './rights.ts';
import type { Authenticator } from './session.ts';
import { tokenOf } from './token.ts';
import { isSessionToken, type UserSessions } from './user-sessions.ts';

export interface TokenHolderOptions {
  readonly rights: Rights;
  /** What fluxd's own page may do, also for a user who has the right to more. */
  readonly page?: PageAccess;
  /** Of users who signed in. */
  readonly sessions: UserSessions;
}

/**
 * Recognises connections by TLS; without it no token is read. A web page of another site cannot use a token. The token of a session is
 * one of the page, so it may do no more than the page, also in another program.
 */
export function tokenHolder({ rights, page = 'read-only', sessions }: TokenHolderOptions): Authenticator {
  return (caller) => {
    if (!caller.encrypted) return undefined;
    if (isForeignPage(caller)) return { type: 'anonymous', because: 'foreign-page' };
    const token = tokenOf(caller.headers);
    if (token === undefined) return { type: 'anonymous', because: 'no-token' };
    const isOfPage = isOwnPage(caller) || isSessionToken(token);
    const holder = () => ({ subject: subjectOf(token, sessions), from: caller.remoteAddress });
    return {
      type: 'token',
      require: async (right) => {
        if (isOfPage) requirePageMay(page, right.method);
        return rights.require(holder(), right);
      },
      requireOn: async (right) => rights.requireOn(holder(), right),
    };
  };
}

/** @throws FluxError `api/bad-token` for a session that is over. */
function subjectOf(token: string, sessions: UserSessions): AccessSubject {
  if (!isSessionToken(token)) return { token };
  const identity = sessions.identityOf(token);
  if (identity) return identity;
  throw new FluxError('the session is over', {
    code: 'api/bad-token',
    fault: 'user',
    help: 'Sign in again. A session ends after eight hours, and when fluxd restarts.',
  });
}

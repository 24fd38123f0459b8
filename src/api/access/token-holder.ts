import { isForeignPage } from './caller.ts';
import { isOwnPage, type PageAccess, requirePageMay } from './page.ts';
import type { Rights } from './rights.ts';
import type { Authenticator } from './session.ts';
import { tokenOf } from './token.ts';

/**
 * Recognises connections by TLS; without it no token is read. A web page of another site cannot use a token, and fluxd's own may do
 * no more than `page`, also for a user who has the right.
 */
export function tokenHolder(rights: Rights, page: PageAccess = 'read-only'): Authenticator {
  return (caller) => {
    if (!caller.encrypted) return undefined;
    if (isForeignPage(caller)) return { type: 'anonymous', because: 'foreign-page' };
    const token = tokenOf(caller.headers);
    if (token === undefined) return { type: 'anonymous', because: 'no-token' };
    const holder = { token, from: caller.remoteAddress };
    return {
      type: 'token',
      require: async (right) => {
        if (isOwnPage(caller)) requirePageMay(page, right.method);
        return rights.require(holder, right);
      },
      requireOn: (right) => rights.requireOn(holder, right),
    };
  };
}

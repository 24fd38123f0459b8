import { isForeignPage } from './caller.ts';
import type { Rights } from './rights.ts';
import type { Authenticator } from './session.ts';
import { tokenOf } from './token.ts';

/** Recognises connections by TLS; without it no token is read. A web page of another site cannot use a token. */
export function tokenHolder(rights: Rights): Authenticator {
  return (caller) => {
    if (!caller.encrypted) return undefined;
    if (isForeignPage(caller)) return { type: 'anonymous', because: 'foreign-page' };
    const token = tokenOf(caller.headers);
    if (token === undefined) return { type: 'anonymous', because: 'no-token' };
    return { type: 'token', require: (right) => rights.require({ token, from: caller.remoteAddress }, right) };
  };
}

import { describe, expect, test } from 'vitest';
import { type Access, admit } from '../../../src/api/access/admit.ts';
import type { Caller } from '../../../src/api/access/caller.ts';
import { localCaller } from '../../../src/api/access/local-caller.ts';
import { createRights } from '../../../src/api/access/rights.ts';
import type { Authenticator } from '../../../src/api/access/session.ts';
import { tokenHolder } from '../../../src/api/access/token-holder.ts';
import { UserSessions } from '../../../src/api/access/user-sessions.ts';
import { systemClock } from '../../../src/base/index.ts';
import { reviewByRbac } from '../rbac.ts';

const RIGHT = { method: 'GET', path: '/api/flux/v6/services', served: true };
const AUTHENTICATORS = [
  localCaller(),
  tokenHolder({ rights: createRights({ review: reviewByRbac, clock: systemClock }), sessions: new UserSessions(systemClock) }),
];

const LOCAL = { localAddress: '127.0.0.1', hosts: ['localhost:3030'] };
const REMOTE = { localAddress: '10.1.2.3', hosts: ['flux:3030'] };
const TLS = { ...REMOTE, encrypted: true };
const token = (name: string) => ({ headers: { authorization: `Bearer ${name}` } });
const FOREIGN = { headers: { origin: 'https://evil.example' } };

function sessionOf(
  access: Access | undefined,
  caller: Partial<Caller>,
  authenticators: readonly Authenticator[] = AUTHENTICATORS,
) {
  const whole = { localAddress: '', remoteAddress: '10.9.8.7', encrypted: false, hosts: [], headers: {}, ...caller };
  return admit(access, whole, RIGHT, authenticators);
}

describe('a request is answered with', () => {
  test.each<[string, Access, Partial<Caller>, object]>([
    ['a local session over loopback', 'authorized', LOCAL, { type: 'local' }],
    ['a local session over loopback, whatever its token', 'authorized', { ...LOCAL, ...token('wrong') }, { type: 'local' }],
    ['the session of a token by TLS', 'authorized', { ...TLS, ...token('reader') }, { type: 'token' }],
    ['that session also without the right, for what is public', 'public', { ...TLS, ...token('wrong') }, { type: 'token' }],
    ['an anonymous session for a token by plain HTTP', 'public', { ...REMOTE, ...token('owner') }, { because: 'plain-http' }],
    ['an anonymous session without a token', 'public', TLS, { because: 'no-token' }],
    ['an anonymous session for a page of another site', 'public', { ...TLS, ...FOREIGN }, { because: 'foreign-page' }],
    [
      'no session if it is signed, even under a foreign name',
      'signed',
      { ...LOCAL, hosts: ['a.example'] },
      { type: 'anonymous' },
    ],
  ])('%s', async (_name, access, caller, session) => {
    expect(await sessionOf(access, caller)).toMatchObject(session);
  });
});

describe('a request is rejected', () => {
  test.each<[string, Access | undefined, Partial<Caller>, string]>([
    ['by plain HTTP from the network', 'authorized', { ...REMOTE, ...token('owner') }, 'over TLS with a token'],
    ['without a token', 'authorized', TLS, 'the request has no token'],
    ['without a token, for what is not served', undefined, TLS, 'the request has no token'],
    ['with a token without the right', 'authorized', { ...TLS, ...token('nothing') }, 'may not get /fluxd/api/flux/v6/services'],
    [
      'from a page of another site, before its token is read',
      'authorized',
      { ...TLS, headers: { ...FOREIGN.headers, ...token('owner').headers } },
      'a web page of another site',
    ],
    [
      'from a page of another site over loopback, even for what is public',
      'public',
      { ...LOCAL, ...FOREIGN },
      'a web page of another site',
    ],
    ['under a foreign name over loopback', 'public', { ...LOCAL, hosts: ['a.example'] }, 'is not a loopback name'],
    [
      'with two Host headers, even if it is signed',
      'signed',
      { ...LOCAL, hosts: ['localhost', 'localhost'] },
      'more than one Host',
    ],
  ])('%s', async (_name, access, caller, message) => {
    await expect(sessionOf(access, caller)).rejects.toThrow(message);
  });
});

test('the first authenticator that recognises a caller decides', async () => {
  const asked: string[] = [];
  const named = (name: string, session: ReturnType<Authenticator>): Authenticator => {
    return () => {
      asked.push(name);
      return session;
    };
  };
  const list = [named('a', undefined), named('b', { type: 'local' }), named('c', { type: 'anonymous', because: 'no-token' })];
  expect(await sessionOf('authorized', REMOTE, list)).toEqual({ type: 'local' });
  expect(asked).toEqual(['a', 'b']);
});

import { describe, expect, test } from 'vitest';
import type { Fault } from '../api-server.ts';
import { status } from '../api-server.ts';
import { startWorld } from '../world.ts';

const QUESTION = { token: 's3cret', verb: 'get', path: '/fluxd/api/flux/v6/services' };
const TOKENS = '/apis/authentication.k8s.io/v1/tokenreviews';
const RIGHTS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const ANN = { username: 'ann', uid: 'u-1', groups: ['dev'], extra: { 'acme.io/x': ['1'] } };

/** An API server that answers reviews with these statuses. */
async function worldOf(token: unknown, rights: unknown = { allowed: true }) {
  const world = await startWorld();
  const asked: { readonly path: string; readonly body: unknown }[] = [];
  world.server.intercept = ({ method, path, body }): Fault | undefined => {
    if (method !== 'POST') return undefined;
    asked.push({ path, body: JSON.parse(body) });
    return path === TOKENS
      ? { status: 201, body: { kind: 'TokenReview', status: token } }
      : { status: 201, body: { kind: 'SubjectAccessReview', status: rights } };
  };
  return { ...world, asked, ask: () => world.cluster.reviewAccess(QUESTION) };
}

describe('a review of access', () => {
  test('asks whose the token is, then whether that user, with all that is known of them, has the right', async () => {
    const { ask, asked } = await worldOf({ authenticated: true, user: ANN });
    expect(await ask()).toEqual({ outcome: 'allowed', user: 'ann' });
    expect(asked).toEqual([
      {
        path: TOKENS,
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 's3cret' } },
      },
      {
        path: RIGHTS,
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: {
            user: 'ann',
            uid: 'u-1',
            groups: ['dev'],
            extra: { 'acme.io/x': ['1'] },
            nonResourceAttributes: { path: QUESTION.path, verb: 'get' },
          },
        },
      },
    ]);
  });

  test('asks for the right of a user whom fluxd has identified, without acting as them', async () => {
    const { asked, cluster } = await worldOf({});
    const user = { user: 'oidc:jane', groups: ['oidc:devs'] };
    const on = { verb: 'get', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'cart' } as const;
    expect(await cluster.reviewAccess({ ...user, on })).toEqual({ outcome: 'allowed', user: 'oidc:jane' });
    const spec = { ...user, resourceAttributes: on };
    expect(asked).toEqual([{ path: RIGHTS, body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec } }]);
    expect(await cluster.reviewAccess({ user: '', groups: [], on })).toEqual({ outcome: 'unknown-token' });
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['no user', { authenticated: true }],
    ['a user without a name', { authenticated: true, user: { username: '', groups: ['system:masters'] } }],
    ['a name that is no text', { authenticated: true, user: { username: ['ann'] } }],
    ['not authenticated', { authenticated: false, user: ANN }],
    ['not quite authenticated', { authenticated: 'true', user: ANN }],
    ['an error beside the yes', { authenticated: true, user: ANN, error: 'token has expired' }],
    ['nothing', {}],
  ])('a token of which the answer says %s is nobody’s, and no right is asked for (S-073)', async (_, token) => {
    const { ask, asked } = await worldOf(token);
    expect(await ask()).toEqual({ outcome: 'unknown-token' });
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['no', { allowed: false }],
    ['nothing', {}],
    ['yes and no', { allowed: true, denied: true }],
    ['something like a yes', { allowed: 'true' }],
  ])('only a clear yes is one: %s', async (_, rights) => {
    expect(await (await worldOf({ authenticated: true, user: ANN }, rights)).ask()).toEqual({
      outcome: 'forbidden',
      user: 'ann',
    });
  });

  test.each<readonly [string, Fault, string]>([
    ['is not there', 'cut', 'cluster/unreachable'],
    ['fails', { status: 500, body: status(500, 'InternalError', 'no') }, 'cluster/unavailable'],
    ['does not let us ask', { status: 403, body: status(403, 'Forbidden', 'tokenreviews is forbidden') }, 'cluster/no-review'],
    [
      'answers something else',
      { status: 201, body: { kind: 'Status', status: { authenticated: true, user: ANN } } },
      'cluster/bad-answer',
    ],
  ])('a server that %s is an error, which does not hold the token', async (_, fault, code) => {
    const world = await worldOf({});
    world.server.intercept = ({ method }) => (method === 'POST' ? fault : undefined);
    const failure = await world.ask().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect(JSON.stringify([failure, String(failure)])).not.toContain('s3cret');
  });
});

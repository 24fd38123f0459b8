import { expect, test } from 'vitest';
import type { UpdateSpec } from '../../../src/update/index.ts';
import { daemonOf, serve, serveByTls } from '../daemon-fixture.ts';

/** A daemon that remembers in whose name it was asked for changes. */
function recorder() {
  const users: string[] = [];
  const daemon = daemonOf({
    update: async (spec: UpdateSpec) => {
      users.push(spec.cause.User);
      return 'job';
    },
    suspendAutomation: async ({ user }) => {
      users.push(user);
      return [];
    },
  });
  return { daemon, users };
}

const CHANGES = [
  ['POST', '/api/flux/v9/update-manifests', (user: string) => ({ type: 'policy', cause: { User: user }, spec: {} })],
  ['POST', '/api/v1/automation/suspend', (user: string) => ({ user, message: '' })],
] as const;

test.each(CHANGES)(
  '%s %s is in the name of the user of the token, unless the client names another',
  async (method, path, body) => {
    const { daemon, users } = recorder();
    await using api = await serveByTls(daemon, async () => ({ outcome: 'allowed', user: 'ann' }));
    for (const user of ['', 'Jane <jane@example.org>']) {
      const headers = { authorization: 'Bearer t', 'content-type': 'application/json' };
      const { status } = await api.send(path, { method, headers, body: JSON.stringify(body(user)), ca: api.ca });
      expect(status).toBe(200);
    }
    expect(users).toEqual(['ann', 'Jane <jane@example.org>']);
  },
);

test.each(CHANGES)('%s %s is in no name over loopback, where none is known', async (method, path, body) => {
  const { daemon, users } = recorder();
  await using api = await serve(daemon);
  const headers = { 'content-type': 'application/json' };
  await api.send(path, { method, headers, body: JSON.stringify(body('')) });
  expect(users).toEqual(['']);
});

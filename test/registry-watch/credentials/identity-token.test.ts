import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { FakeRegistry, json } from '../fake-registry.ts';
import { setup } from '../watch-of.ts';

const TOKEN = 'identity-t0ken';
const bearer = (realm: string) => ({ 'www-authenticate': `Bearer realm="${realm}",service="it",scope="repository:other:push"` });

/** A registry whose token service answers as the test says, and a Docker config with an identity token for it. */
async function world(
  answer: (form: Record<string, string>) => [status: number, body: unknown, headers?: Record<string, string>],
) {
  const registry = await new FakeRegistry().listen();
  registry.push('1.0.0', '2024-01-01T00:00:00Z');
  const asked: string[] = [];
  const challenge = { realm: `http://${registry.host}/token` };
  registry.intercept = (request, response) => {
    if (request.url?.startsWith('/token')) {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      void text(request).then((body) => {
        const [status, document, headers = {}] = answer(Object.fromEntries(new URLSearchParams(body)));
        json(response, status, document, headers);
      });
      return true;
    }
    if (request.headers.authorization === 'Bearer secret') return undefined;
    json(response, 401, {}, challenge.realm === '' ? { 'www-authenticate': 'Basic realm="x"' } : bearer(challenge.realm));
    return true;
  };
  const auths = { [registry.host]: { identitytoken: TOKEN } };
  const it = setup({ dockerConfigFile: '/config.json', readFile: async () => JSON.stringify({ auths }) });
  onTestFinished(async () => {
    await it.close();
    await registry.close();
  });
  return {
    asked,
    challenge,
    async scan() {
      it.watch.watch([{ name: registry.name, pullSecrets: [] }]);
      await it.watch.scanNow();
      return it.watch.repository(registry.name);
    },
  };
}

test('an identity token is exchanged at the token service, for our scope, and nowhere in a URL', async () => {
  const forms: unknown[] = [];
  const { scan, asked } = await world((form) => {
    forms.push(form);
    return [200, { access_token: 'secret', expires_in: 300 }];
  });
  expect(await scan()).toMatchObject({ tags: ['1.0.0'] });
  expect(asked).toEqual(['POST /token undefined']);
  expect(forms).toEqual([
    {
      grant_type: 'refresh_token',
      client_id: 'fluxd',
      service: 'it',
      scope: 'repository:team/web:pull',
      refresh_token: TOKEN,
    },
  ]);
});

test('one that is refused is an error that does not repeat it', async () => {
  const { scan } = await world((form) => [401, { errors: [{ code: 'UNAUTHORIZED', message: `bad ${form.refresh_token}` }] }]);
  const error = (await scan())?.error;
  expect(error).toMatchObject({
    code: 'registry/unauthorized',
    message: expect.stringMatching(/status 401, unauthorized: bad \*\*\*/),
  });
});

test('it follows no redirect, and goes to no foreign token service (S-050, S-051)', async () => {
  const { scan, asked, challenge } = await world(() => [307, {}, { location: '/token?again' }]);
  expect((await scan())?.error).toMatchObject({ code: 'registry/bad-redirect' });
  expect(asked).toHaveLength(1);
  challenge.realm = 'https://evil.example/token';
  expect((await scan())?.error).toMatchObject({ code: 'registry/foreign-realm' });
  expect(asked).toHaveLength(1);
});

test('it is not a password for a registry that asks for one', async () => {
  const { scan, challenge } = await world(() => [200, {}]);
  challenge.realm = '';
  expect((await scan())?.error).toMatchObject({
    message: expect.stringContaining('offers no supported authentication scheme: basic'),
  });
});

test('a lost exchange costs one scan at most', async () => {
  const lost: [status: number, body: unknown][] = [
    [500, {}],
    [200, '<html>'],
    [404, {}],
  ];
  const { scan } = await world(() => lost.shift() ?? [200, { access_token: 'secret', expires_in: 300 }]);
  while (lost.length > 0) await scan();
  const found = await scan();
  expect([found?.tags, found?.error]).toEqual([['1.0.0'], undefined]);
});

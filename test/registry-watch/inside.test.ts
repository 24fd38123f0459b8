import { expect, onTestFinished, test } from 'vitest';
import { createHttpTransport } from '../../src/base/index.ts';
import { FakeRegistry, json } from './fake-registry.ts';
import { everyNameAt, setup } from './watch-of.ts';

/** Two registries on this machine; names resolve to it, and what they claim to be at is said by the table. */
async function world() {
  const [registry, other] = await Promise.all([new FakeRegistry().listen(), new FakeRegistry().listen()]);
  const transport = createHttpTransport({ lookup: everyNameAt('127.0.0.1') });
  const port = (of: FakeRegistry) => of.host.split(':')[1];
  const registryHost = `registry.example:${port(registry)}`;
  const http = {
    ...transport,
    request: async (request: Parameters<typeof transport.request>[0]) => {
      const answer = await transport.request(request);
      return new URL(request.url).host === registryHost ? { ...answer, address } : answer;
    },
  };
  let address = '8.8.8.8';
  const it = setup({ http, insecureHosts: [registryHost] });
  onTestFinished(async () => {
    await it.close();
    await Promise.all([registry.close(), other.close()]);
  });
  const name = `${registryHost}/team/web`;
  return {
    registry,
    other,
    /** An address whose name says nothing, and that resolves to this machine. */
    elsewhere: `http://elsewhere.example:${port(other)}`,
    liesAt: (where: string) => {
      address = where;
    },
    scan: async () => {
      it.watch.watch([{ name, pullSecrets: [] }]);
      await it.watch.scanNow();
      return it.watch.repository(name);
    },
  };
}

test('a public registry leads to no host that resolves inside, by redirect (S-012)', async () => {
  const { registry, other, elsewhere, scan } = await world();
  registry.intercept = (_, response) => {
    response.writeHead(307, { location: `${elsewhere}/v2/team/web/tags/list` }).end();
    return true;
  };
  expect((await scan())?.error).toMatchObject({ code: 'http/refused-address' });
  expect(other.requests).toEqual([]);
});

test('nor as its token service', async () => {
  const { registry, other, elsewhere, scan } = await world();
  registry.intercept = (_, response) => {
    json(response, 401, {}, { 'www-authenticate': `Bearer realm="${elsewhere}/token"` });
    return true;
  };
  expect((await scan())?.error).toMatchObject({ code: 'http/refused-address' });
  expect(other.requests).toEqual([]);
});

test('a registry that lies inside itself may', async () => {
  const { registry, other, elsewhere, liesAt, scan } = await world();
  liesAt('10.0.0.1');
  other.push('1', '2024-01-01T00:00:00Z');
  registry.intercept = (_, response) => {
    response.writeHead(307, { location: `${elsewhere}/v2/team/web/tags/list` }).end();
    return true;
  };
  expect((await scan())?.tags).toEqual(['1']);
});

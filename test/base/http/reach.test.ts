import { createServer } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpTransport, type Reach } from '../../../src/base/index.ts';

/** A server on this machine, and a transport that resolves names as the table says. */
async function world(names: Readonly<Record<string, readonly string[]>>) {
  let connections = 0;
  const server = createServer((_, response) => response.end('hello'));
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const lookup = ((hostname: string, options: { readonly all?: boolean }, callback: (...found: unknown[]) => void) => {
    const found = (names[hostname] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (options.all) callback(null, found);
    else callback(null, found[0]?.address, found[0]?.family);
  }) as LookupFunction;
  const transport = createHttpTransport({ lookup });
  onTestFinished(() => {
    transport.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    connections: () => connections,
    get: (host: string, reach?: Reach) => transport.request({ url: `http://${host}:${port}/`, ...(reach ? { reach } : {}) }),
  };
}

test.each<[host: string, addresses: readonly string[], reach: Reach]>([
  ['inside.example', ['127.0.0.1'], 'public'],
  ['mixed.example', ['8.8.8.8', '127.0.0.1'], 'public'],
  ['mapped.example', ['::ffff:127.0.0.1'], 'public'],
  ['metadata.example', ['169.254.169.254'], 'private'],
  ['metadata.example', ['127.0.0.1', 'fd00:ec2::254'], 'private'],
  ['127.0.0.1', [], 'public'],
  ['[::ffff:7f00:1]', [], 'public'],
  ['169.254.169.254', [], 'private'],
])('%s at %j is not connected to within the %s reach (S-012)', async (host, addresses, reach) => {
  const { get, connections } = await world({ [host]: addresses });
  await expect(get(host, reach)).rejects.toMatchObject({ code: 'http/refused-address' });
  expect(connections()).toBe(0);
});

test('within its reach a host is asked, and its address is told', async () => {
  const { get } = await world({ 'inside.example': ['127.0.0.1'] });
  expect(await get('inside.example', 'private')).toMatchObject({ status: 200, address: '127.0.0.1' });
});

test('a connection that was made for a wider reach serves no narrower one', async () => {
  const { get, connections } = await world({ 'inside.example': ['127.0.0.1'] });
  await get('inside.example', 'private');
  await get('inside.example', 'private');
  expect(connections()).toBe(1);
  await expect(get('inside.example', 'public')).rejects.toMatchObject({ code: 'http/refused-address' });
});

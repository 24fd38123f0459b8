import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A registry that wants credentials, refuses them, and says in its errors what it was sent and what it knows; resolves to its host. */
export async function startTellingRegistry(secret: string): Promise<string> {
  const server = http.createServer(({ headers }, response) => {
    const sent = headers.authorization ?? '';
    const decoded = Buffer.from(sent.replace('Basic ', ''), 'base64').toString();
    const message = `got ${sent} that is ${decoded}, not password=${secret} of https://admin:${secret}@vault`;
    response
      .writeHead(sent === '' ? 401 : 403, { 'www-authenticate': `Basic realm="${secret}"`, 'content-type': 'application/json' })
      .end(JSON.stringify({ errors: [{ code: 'DENIED', message }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { selfSignedCertificate } from '../../../src/sim/kubernetes/certificate.ts';

/** A reverse proxy by TLS that serves what is at an origin below a path, which it removes; it keeps the Host header. */
export async function startPathProxy(path: string, origin: string) {
  const upstream = new URL(origin);
  /** Paths beside it that were asked for. */
  const strays: string[] = [];
  const server = createServer(selfSignedCertificate(Date.now()), (incoming, outgoing) => {
    const { method = 'GET', url = '', headers } = incoming;
    if (!url.startsWith(`${path}/`)) {
      // Browsers ask for it by themselves.
      if (url !== '/favicon.ico') strays.push(url);
      return outgoing.writeHead(404).end();
    }
    const target = { host: upstream.hostname, port: upstream.port, path: url.slice(path.length), method, headers };
    const passed = request({ ...target, rejectUnauthorized: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    outgoing.on('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    strays,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

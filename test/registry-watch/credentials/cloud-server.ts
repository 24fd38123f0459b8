import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { createHttpTransport, type HttpTransport } from '../../../src/base/index.ts';
import { type CloudRequester, createCloudRequester } from '../../../src/registry-watch/credentials/cloud-request.ts';
import { BriskClock } from './brisk-clock.ts';

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, unless it is a text. */
  readonly body?: unknown;
}

type Fault = (request: IncomingMessage, response: ServerResponse) => void;

/** Ways to lose one request. */
export const LOSSES: readonly (readonly [string, Fault])[] = [
  ['loses its connection', (request) => request.socket.destroy()],
  ['is answered 500', (_, response) => response.writeHead(500).end()],
  ['is answered 503', (_, response) => response.writeHead(503).end('later')],
  ['is answered 429', (_, response) => response.writeHead(429, { 'retry-after': '1' }).end()],
  ['is answered 404', (_, response) => response.writeHead(404).end()],
  [
    'is cut in its answer',
    (_, response) => response.writeHead(200, { 'content-length': '5000' }).write('{"', () => response.destroy()),
  ],
  ['is answered by another document', (_, response) => response.writeHead(200).end('<html>sign in</html>')],
  ['is answered by a redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['is never answered', () => undefined],
];

/** A service of a cloud on a real socket. */
export async function startCloud(answer: (asked: Asked) => Answer) {
  const requests: Asked[] = [];
  let count = 0;
  let lost: { readonly at: number; readonly fault: Fault } | undefined;
  const server = createServer(async (request, response) => {
    count += 1;
    if (count === lost?.at) return lost.fault(request, response);
    const { method = '', headers } = request;
    const asked = { method, url: new URL(request.url ?? '', `http://${headers.host}`), headers, body: await text(request) };
    requests.push(asked);
    const { status = 200, headers: sent = {}, body = '' } = answer(asked);
    response.writeHead(status, sent).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    /** Loses the nth request from now on. */
    lose(n: number, fault: Fault) {
      lost = { at: count + n, fault };
    },
  };
}

/** What providers need: time, and requests that are given up soon. `onto` sends those to other hosts to a local server. */
export function cloudClient({ onto = {} }: { readonly onto?: Readonly<Record<string, string>> } = {}): {
  readonly clock: BriskClock;
  readonly http: HttpTransport;
  readonly ask: CloudRequester;
} {
  const clock = new BriskClock();
  const transport = createHttpTransport();
  onTestFinished(() => transport.close());
  const http: HttpTransport = {
    ...transport,
    request(request) {
      const url = new URL(request.url);
      const host = onto[url.host];
      if (host === undefined && url.hostname !== '127.0.0.1') throw new Error(`the test expects no request to ${url.host}`);
      return transport.request({
        ...request,
        timeoutMs: 200,
        ...(host === undefined
          ? {}
          : { url: new URL(`http://${host}${url.pathname}${url.search}`), headers: { ...request.headers, host: url.host } }),
      });
    },
  };
  return { clock, http, ask: createCloudRequester({ http, clock }) };
}

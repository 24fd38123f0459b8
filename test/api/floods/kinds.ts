export interface Flood {
  readonly connections: number;
  /** What a connection says each time, and how many requests that is. */
  readonly said: { readonly text: string; readonly requests: number };
  readonly tls?: true;
  /** Whether it reads answers, true by default; one that does asks again when it has one, or opens another connection. */
  readonly reads?: false;
  /** Whether a connection asks more than once. */
  readonly again?: false;
}

const get = (path: string, ...headers: readonly string[]) =>
  [`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
const one = (text: string) => ({ text, requests: 1 });
const many = (text: string, requests = 500) => ({ text: text.repeat(requests), requests });

const KINDS = {
  'pipelined metrics': { connections: 8, said: many(get('/metrics')) },
  'pipelined metrics whose answers are not read': { connections: 60, said: many(get('/metrics')), reads: false },
  'metrics, one after the other': { connections: 64, said: one(get('/metrics')) },
  'metrics whose answers are not read': { connections: 64, said: one(get('/metrics')), reads: false },
  'pipelined probes': { connections: 60, said: many(get('/healthz')) },
  'pipelined paths that are not served': { connections: 60, said: many(get(`/api/${'x'.repeat(50)}`)) },
  'a connection for each request': { connections: 64, said: one(get('/readyz')), again: false },
  'a TLS handshake for each request': { connections: 64, said: one(get('/readyz')), tls: true, again: false },
  'tokens that are not valid, by TLS': {
    connections: 64,
    said: one(get('/api/flux/v11/services', 'Authorization: Bearer x')),
    tls: true,
  },
  'headers of 15 KiB': { connections: 60, said: many(get('/healthz', `X: ${'x'.repeat(15_000)}`), 10) },
  'a thousand headers': { connections: 60, said: many(get('/healthz', ...Array<string>(1000).fill('a: b')), 10) },
  'bodies that nobody wants': {
    connections: 60,
    said: one(`${get('/healthz', 'Content-Length: 1000000')}${'x'.repeat(60_000)}`),
  },
  'chunks of a byte': {
    connections: 60,
    said: one(`${get('/readyz', 'Transfer-Encoding: chunked')}${'1\r\nx\r\n'.repeat(5000)}`),
  },
  'bytes that are no HTTP': { connections: 60, said: one('\0'.repeat(10_000)) },
} as const satisfies Readonly<Record<string, Flood>>;

export type FloodKind = keyof typeof KINDS;
export const FLOODS: Readonly<Record<FloodKind, Flood>> = KINDS;

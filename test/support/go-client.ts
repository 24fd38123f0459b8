import { connect } from 'node:net';

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** Of the status line, `OK`. */
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface WireRequest {
  /** Below `/api/flux`, with the query as it is sent. */
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly token?: string;
  /** Undefined sends none. */
  readonly accept?: string | undefined;
}

/** The bytes that Go's HTTP client sends for a request of its fluxctl: no Content-Type, its own User-Agent, headers in its order. */
export function goRequest(port: number, { path, method = 'GET', body, token, ...request }: WireRequest): string {
  const accept = 'accept' in request ? request.accept : 'application/json';
  const lines = [
    `${method} /api/flux${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'User-Agent: Go-http-client/1.1',
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...(accept === undefined ? [] : [`Accept: ${accept}`]),
    ...(token === undefined ? [] : [`Authorization: Scope-Probe token=${token}`]),
    'Accept-Encoding: gzip',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** Sends requests one after the other over a connection of its own each. */
export async function askAsGo(port: number, request: WireRequest): Promise<WireAnswer> {
  const text = await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(goRequest(port, request)));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks), request.method)) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
  return parse(text);
}

function isWhole(bytes: Buffer, method: string | undefined): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(bytes.subarray(0, end).toString('latin1'))?.[1] ?? 0);
  return method === 'HEAD' || bytes.length - end - 4 >= length;
}

function parse(text: string): WireAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const [, status = '', reason = ''] = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(statusLine) ?? [];
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  return { status: Number(status), reason, headers: Object.fromEntries(headers), body: rest.join('\r\n\r\n') };
}

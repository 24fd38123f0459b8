import { type Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../../src/base/index.ts';
import type { Recorded } from './api-proxy.ts';
import type { Endpoint } from './kube-client.ts';

/** What goes wrong with one request. Every fault but `drop`, `answer` and `hang` leaves what the server does untouched. */
export type Fault =
  /** Lost before it arrives: the connection is reset. */
  | { readonly kind: 'drop' }
  /** Answered by the proxy; a body that is an object is sent as JSON, a missing one as a Status. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: object | string;
    }
  /** Carried out, and the connection reset before the answer. */
  | { readonly kind: 'lose-answer' }
  /** Carried out, and the connection reset after so many bytes of the answer's body. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** Carried out so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Never answered: not even carried out, or the headers of the answer come and its body does not. */
  | { readonly kind: 'hang'; readonly after: 'nothing' | 'headers' }
  /** Carried out with another body, as a mutating webhook does; or the answer is another one. */
  | { readonly kind: 'rewrite'; readonly request?: (body: string) => string; readonly answer?: (body: string) => string }
  /** Each line of a stream is replaced by any number of chunks (a line needs its own line end); `end` resets the connection. */
  | { readonly kind: 'stream'; readonly line: (line: string, count: number) => readonly (string | 'end')[] }
  /** A stream that is reset so much later. */
  | { readonly kind: 'expire'; readonly ms: number }
  /** A stream of which nothing comes any more after so many lines, not even its end. */
  | { readonly kind: 'silence'; readonly after: number };

/** One request while the proxy holds it. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Waits for nothing but time, or for the next event of a watch. */
  idle: boolean;
  /** Called for everything that moves. */
  readonly moved: () => void;
}

export interface Upstream {
  readonly upstream: Endpoint;
  readonly agent: Agent;
  readonly clock: Clock;
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'host', 'content-length']);

/** Carries out one request, or what is to go wrong with it. */
export async function perform(fault: Fault | undefined, exchange: Exchange, recorded: Recorded, to: Upstream): Promise<void> {
  const { outgoing } = exchange;
  if (isGone(outgoing)) return;
  switch (fault?.kind) {
    case 'drop':
      return reset(outgoing);
    case 'hang':
      if (fault.after === 'headers') break;
      exchange.idle = true;
      return;
    case 'delay':
      exchange.idle = true;
      await to.clock.sleep(fault.ms);
      exchange.idle = false;
      exchange.moved();
      if (isGone(outgoing)) return;
      break;
    case 'answer': {
      recorded.status = fault.status;
      outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      const body = fault.body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: fault.status };
      outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
      return;
    }
  }
  forward(fault, exchange, recorded, to);
}

function forward(fault: Fault | undefined, exchange: Exchange, recorded: Recorded, to: Upstream): void {
  const { upstream, agent } = to;
  const { incoming, outgoing } = exchange;
  const body = fault?.kind === 'rewrite' && fault.request ? fault.request(recorded.body) : recorded.body;
  const request = (upstream.server.protocol === 'https:' ? httpsRequest : httpRequest)(
    new URL(incoming.url ?? '/', upstream.server),
    {
      method: incoming.method,
      agent,
      headers: {
        ...withoutHopByHop(incoming.headers),
        ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...upstream.headers,
      },
    },
    (response) => {
      recorded.status = response.statusCode ?? 0;
      response.on('error', () => reset(outgoing));
      pass(fault, exchange, recorded, response, to);
    },
  );
  request.on('error', () => reset(outgoing));
  outgoing.on('close', () => request.destroy());
  request.end(body);
}

/** Gives the answer on, or what becomes of it. */
function pass(fault: Fault | undefined, exchange: Exchange, recorded: Recorded, response: IncomingMessage, to: Upstream): void {
  const { outgoing, moved } = exchange;
  moved();
  if (isGone(outgoing)) return;
  if (fault?.kind === 'lose-answer') {
    if (recorded.watch) {
      reset(outgoing);
      return;
    }
    response.resume();
    response.on('end', () => reset(outgoing));
    return;
  }
  outgoing.writeHead(recorded.status ?? 0, withoutHopByHop(response.headers));
  outgoing.flushHeaders(); // a watch sends its headers long before its first event
  if (fault?.kind === 'hang') {
    response.resume();
    // A watch does not end by itself.
    exchange.idle = recorded.watch;
    response.on('end', () => {
      exchange.idle = true;
      moved();
    });
    return;
  }
  if (recorded.watch) passStream(fault, exchange, response, to);
  else passWhole(fault, outgoing, response);
}

function passWhole(fault: Fault | undefined, outgoing: ServerResponse, response: IncomingMessage): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => {
    const whole = Buffer.concat(chunks);
    if (fault?.kind === 'cut') {
      // Flushed before the end of the connection, so that the client has seen a part of it.
      outgoing.write(whole.subarray(0, fault.bytes), () => reset(outgoing));
    } else if (fault?.kind === 'rewrite' && fault.answer) outgoing.end(fault.answer(whole.toString()));
    else outgoing.end(whole);
  });
}

function passStream(fault: Fault | undefined, exchange: Exchange, response: IncomingMessage, { clock }: Upstream): void {
  const { outgoing, moved } = exchange;
  exchange.idle = true;
  const each = piecesOf(fault);
  if (fault?.kind === 'expire') {
    const gone = new AbortController();
    outgoing.on('close', () => gone.abort());
    clock.sleep(fault.ms, { signal: gone.signal }).then(
      () => reset(outgoing),
      () => undefined, // the client went first
    );
  }
  let rest = '';
  let count = 0;
  response.on('data', (chunk: Buffer) => {
    moved();
    if (!each) {
      outgoing.write(chunk);
      return;
    }
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      for (const piece of each(line, count)) {
        if (piece === 'end') return reset(outgoing);
        outgoing.write(piece);
      }
      count += 1;
    }
  });
  response.on('end', () => {
    if (fault?.kind !== 'silence') outgoing.end();
  });
}

/** What becomes of each line of a stream; undefined where it is left as it is. */
function piecesOf(fault: Fault | undefined): ((line: string, count: number) => readonly (string | 'end')[]) | undefined {
  if (fault?.kind === 'stream') return fault.line;
  if (fault?.kind === 'silence') return (line, count) => (count < fault.after ? [`${line}\n`] : []);
  return undefined;
}

/** By RST where the connection is plain, as a crashed server or a firewall does it; by HTTP/2 of this request alone. */
function reset(outgoing: ServerResponse): void {
  const stream = streamOf(outgoing);
  if (stream) {
    stream.destroy(new Error('reset'));
    return;
  }
  const { socket } = outgoing;
  if (socket && !('encrypted' in socket)) socket.resetAndDestroy();
  outgoing.destroy();
}

function streamOf(outgoing: ServerResponse): ServerHttp2Stream | undefined {
  return 'stream' in outgoing ? (outgoing.stream as ServerHttp2Stream) : undefined;
}

function isGone(outgoing: ServerResponse): boolean {
  return streamOf(outgoing)?.destroyed ?? outgoing.destroyed;
}

function withoutHopByHop(headers: IncomingMessage['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      HOP_BY_HOP.has(name) || name.startsWith(':') || value === undefined ? [] : [[name, value]],
    ),
  );
}

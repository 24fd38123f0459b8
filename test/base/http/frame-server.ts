import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Certificate } from '../../support/certificate.ts';

/** Types of frames and flags (RFC 9113, section 6). */
export const FRAME = { data: 0, headers: 1, rstStream: 3, settings: 4, ping: 6, goaway: 7 } as const;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
/** `:status: 200` of the static table (RFC 7541, appendix A). */
const STATUS_200 = Buffer.from([0x88]);

/** One connection, seen from a server that does what a test tells it. */
export interface FrameConnection {
  readonly socket: TLSSocket;
  /** What carries the TLS. */
  readonly raw: Socket;
  /** Ids of the streams that were begun, in order. */
  readonly streams: readonly number[];
  /** Error codes of the streams that the client has reset. */
  readonly resets: ReadonlyMap<number, number>;
  readonly pings: number;
  /** Header `content-length: n` goes along when a length is given. */
  answer(stream: number, options?: { readonly length?: number; readonly end?: boolean }): void;
  data(stream: number, text: string, end?: boolean): void;
  reset(stream: number, code: number): void;
  goAway(lastStream: number, code?: number): void;
}

export interface FrameServer {
  readonly origin: string;
  readonly connections: readonly FrameConnection[];
  /** All streams of all connections, as `connection:stream`. */
  readonly streams: readonly string[];
  stop(): Promise<void>;
}

export interface FrameServerOptions {
  /** SETTINGS_MAX_CONCURRENT_STREAMS. */
  readonly maxStreams?: number;
  /** Never answers a PING. */
  readonly mute?: boolean;
  /** Sends nothing at all, not even its settings. */
  readonly silent?: boolean;
  /** Called for each stream that a client begins; `index` counts connections from 0. */
  readonly onStream: (connection: FrameConnection, stream: number, index: number) => void;
}

/** An HTTP/2 server that knows frames and nothing else, to send what a proper one never would. */
export async function startFrameServer(certificate: Certificate, options: FrameServerOptions): Promise<FrameServer> {
  const connections: FrameConnection[] = [];
  const streams: string[] = [];
  const raws: Socket[] = [];
  const server = createServer({ ...certificate, ALPNProtocols: ['h2'] }, (socket) => {
    const index = connections.length;
    const raw = raws.find(({ remotePort }) => remotePort === socket.remotePort) ?? socket;
    socket.on('error', () => undefined);
    connections.push(
      serve(socket, raw, options, (connection, stream) => {
        streams.push(`${index}:${stream}`);
        options.onStream(connection, stream, index);
      }),
    );
  });
  server.on('connection', (raw: Socket) => raws.push(raw));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections,
    streams,
    async stop() {
      for (const { socket } of connections) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function serve(
  socket: TLSSocket,
  raw: Socket,
  { maxStreams, mute = false, silent = false }: FrameServerOptions,
  onStream: (connection: FrameConnection, stream: number) => void,
): FrameConnection {
  const streams: number[] = [];
  const resets = new Map<number, number>();
  let pings = 0;
  let pending = Buffer.alloc(0);
  let isGreeted = false;
  const send = (type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)) => {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUIntBE(payload.length, 0, 3);
    header[3] = type;
    header[4] = flags;
    header.writeUInt32BE(stream, 5);
    socket.write(Buffer.concat([header, payload]));
  };
  const connection: FrameConnection = {
    socket,
    raw,
    streams,
    resets,
    get pings() {
      return pings;
    },
    answer(stream, { length, end = false } = {}) {
      // Literal without indexing, its name content-length being number 28 of the static table.
      const digits = Buffer.from(String(length));
      const field = length === undefined ? [] : [Buffer.from([0x0f, 28 - 15, digits.length]), digits];
      send(FRAME.headers, END_HEADERS | (end ? END_STREAM : 0), stream, Buffer.concat([STATUS_200, ...field]));
    },
    data: (stream, text, end = false) => send(FRAME.data, end ? END_STREAM : 0, stream, Buffer.from(text)),
    reset: (stream, code) => send(FRAME.rstStream, 0, stream, words(code)),
    goAway: (lastStream, code = 0) => send(FRAME.goaway, 0, 0, words(lastStream, code)),
  };
  if (!silent) send(FRAME.settings, 0, 0, maxStreams === undefined ? Buffer.alloc(0) : setting(3, maxStreams));

  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    if (!isGreeted && pending.length >= PREFACE_BYTES) {
      isGreeted = true;
      pending = pending.subarray(PREFACE_BYTES);
    }
    while (isGreeted && pending.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + pending.readUIntBE(0, 3);
      if (pending.length < end) return;
      const [type, flags = 0] = [pending[3], pending[4]];
      const stream = pending.readUInt32BE(5);
      const payload = pending.subarray(HEADER_BYTES, end);
      pending = pending.subarray(end);
      if (silent) continue;
      if (type === FRAME.settings && (flags & ACK) === 0) send(FRAME.settings, ACK, 0);
      if (type === FRAME.rstStream) resets.set(stream, payload.readUInt32BE(0));
      if (type === FRAME.ping && (flags & ACK) === 0) {
        pings += 1;
        if (!mute) send(FRAME.ping, ACK, 0, payload);
      }
      if (type === FRAME.headers) {
        streams.push(stream);
        onStream(connection, stream);
      }
    }
  });
  return connection;
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

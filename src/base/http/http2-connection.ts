import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { isIP } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { ReadTls } from './wire.ts';

/** A connection with concurrent requests. */
export interface Http2Connection {
  /** Number of additional requests that it accepts now. */
  readonly room: number;
  /** True once a response arrived: the connection works, or did. */
  readonly proven: boolean;
  /** True if it accepts no more requests; started ones may continue. */
  readonly isOver: boolean;
  /** True if it is closed. */
  readonly isClosed: boolean;
  /** Whether the server has announced by GOAWAY that it will not process this stream and later ones. */
  disowns(stream: ClientHttp2Stream): boolean;
  /** Starts a request. @throws for an invalid header, or on a closed connection. */
  begin(headers: OutgoingHttpHeaders, hasBody: boolean): ClientHttp2Stream;
  /** Accepts no more requests, and closes when the started ones are done. */
  retire(): void;
  destroy(): void;
}

export interface ConnectOptions {
  readonly tls: ReadTls;
  readonly clock: Clock;
  /** Called when a stream becomes available, and when the connection closes. */
  readonly onChange: () => void;
}

/** Timeout for TLS and the server's settings. */
const CONNECT_MS = 15_000;
/** Interval of the liveness check. */
const LOOK_MS = 5_000;
/** After this many checks without a byte from the server, a PING is sent; its response counts as a byte. */
const SILENT_LOOKS = 1;
/** After this many checks the connection is dead: detected within 20 s, before the timeout of its requests. */
const DEAD_LOOKS = 3;
/** Idle time after which a connection is closed. */
const IDLE_LOOKS = 12;
/** Upper bound of streams, regardless of the server's limit. */
const MAX_STREAMS = 250;
/** Window of a stream, large enough for a long list without stop and go. */
const STREAM_WINDOW = 2 ** 20;
/** Window of the connection, shared by its streams; unread data stops counting once it has arrived. */
const CONNECTION_WINDOW = 2 ** 24;
/** Stream ids end at 2^31, every second one is ours, and none is reused. */
const LAST_ID = 2 ** 30;

/** Connects over TLS; undefined if the server does not select HTTP/2 (ALPN). */
export async function connectHttp2(url: URL, options: ConnectOptions): Promise<Http2Connection | undefined> {
  using deadline = options.clock.deadline(CONNECT_MS);
  const socket = await handshake(url, options.tls, deadline.signal);
  if (socket.alpnProtocol !== 'h2') {
    socket.destroy();
    return undefined;
  }
  const session = connect(url.origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
  });
  await greeting(url, session, deadline.signal);
  session.setLocalWindowSize(CONNECTION_WINDOW);
  return watched(session, socket, options);
}

function handshake(url: URL, tls: ReadTls, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = tlsConnect({
      host,
      port: Number(url.port || 443),
      ALPNProtocols: ['h2', 'http/1.1'],
      // As in node:https: SNI must not contain an address (RFC 6066, section 3).
      servername: isIP(host) ? '' : host,
      ...tls,
    });
    const onTimeout = () => socket.destroy(timedOut(url));
    signal.addEventListener('abort', onTimeout, { once: true });
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', onTimeout);
      socket.off('error', onError);
      socket.off('close', onClose);
      act();
    };
    const onError = (error: Error) => settle(() => reject(error));
    const onClose = () => settle(() => reject(new Error('connection closed during the TLS handshake')));
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.once('secureConnect', () => settle(() => resolve(socket)));
  });
}

/** Waits for the server's settings, which have its limit of streams; they also prove that it speaks HTTP/2. */
function greeting(url: URL, session: ClientHttp2Session, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onTimeout = () => session.destroy(timedOut(url));
    signal.addEventListener('abort', onTimeout, { once: true });
    session.once('remoteSettings', () => {
      signal.removeEventListener('abort', onTimeout);
      resolve();
    });
    // Without a listener, later errors would end the process; the streams report them.
    session.on('error', reject);
    session.once('close', () => {
      signal.removeEventListener('abort', onTimeout);
      reject(new Error('connection closed before the server sent anything'));
    });
  });
}

function timedOut({ host }: URL): Error {
  return Object.assign(new Error(`no connection to ${host} within ${CONNECT_MS / 1000} s`), {
    code: 'ETIMEDOUT',
    syscall: 'connect',
  });
}

function watched(session: ClientHttp2Session, socket: TLSSocket, { clock, onChange }: ConnectOptions): Http2Connection {
  let open = 0;
  let proven = false;
  let isRetired = false;
  let capacity = capacityOf(session);
  let lastProcessed = Number.POSITIVE_INFINITY;
  session.on('remoteSettings', () => {
    capacity = capacityOf(session);
    onChange();
  });
  session.on('goaway', (_code: number, lastStreamId: number) => {
    lastProcessed = Math.min(lastProcessed, lastStreamId);
    isRetired = true;
  });
  session.on('close', onChange);
  // Requests keep the process alive, connections do not.
  session.unref();
  const isOver = () => isRetired || session.closed || session.destroyed;
  const retire = () => {
    isRetired = true;
    session.close();
  };
  const stopLooking = lookAfter(session, socket, clock, { isIdle: () => open === 0, retire });
  session.once('close', stopLooking);

  return {
    get room() {
      return isOver() ? 0 : capacity - open;
    },
    get proven() {
      return proven;
    },
    get isOver() {
      return isOver();
    },
    get isClosed() {
      return session.destroyed;
    },
    disowns: ({ id }) => id === undefined || id > lastProcessed,
    begin(headers, hasBody) {
      const stream = session.request(headers, { endStream: !hasBody });
      if (open === 0) session.ref();
      open += 1;
      stream.once('response', () => {
        proven = true;
      });
      stream.once('close', () => {
        open -= 1;
        if ((stream.id ?? 0) > LAST_ID) retire();
        if (open === 0) session.unref();
        onChange();
      });
      return stream;
    },
    retire,
    destroy: () => session.destroy(new Error('the transport was closed')),
  };
}

function capacityOf({ remoteSettings: { maxConcurrentStreams = MAX_STREAMS } }: ClientHttp2Session): number {
  return Math.min(maxConcurrentStreams, MAX_STREAMS);
}

/** Detects dead connections, and closes idle ones. */
function lookAfter(
  session: ClientHttp2Session,
  socket: TLSSocket,
  clock: Clock,
  { isIdle, retire }: { readonly isIdle: () => boolean; readonly retire: () => void },
): () => void {
  let heard = socket.bytesRead;
  let silent = 0;
  let idle = 0;
  // Unlike a sleep, this does not keep the process alive.
  let next = clock.deadline(LOOK_MS);
  const wait = () => next.signal.addEventListener('abort', () => void setImmediate(look), { once: true });
  // Runs after pending data was read, since this process itself may have been paused.
  function look() {
    if (session.destroyed) return;
    const { bytesRead } = socket;
    silent = bytesRead === heard ? silent + 1 : 0;
    heard = bytesRead;
    idle = isIdle() ? idle + 1 : 0;
    if (silent >= DEAD_LOOKS)
      return session.destroy(Object.assign(new Error('the server has not answered a ping'), { code: 'ETIMEDOUT' }));
    if (idle >= IDLE_LOOKS) return retire();
    if (silent >= SILENT_LOOKS) session.ping(() => undefined);
    next = clock.deadline(LOOK_MS);
    wait();
  }
  wait();
  return () => next[Symbol.dispose]();
}

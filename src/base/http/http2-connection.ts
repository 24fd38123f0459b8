import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { isIP } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { ReadTls } from './wire.ts';

/** A connection that takes requests side by side. */
export interface Http2Connection {
  /** How many more it takes now. */
  readonly room: number;
  /** True once something was answered on it: it works, or it did. */
  readonly proven: boolean;
  /** True when it takes nothing more, for whatever reason; what was begun may go on. */
  readonly isOver: boolean;
  /** True when nothing goes on either. */
  readonly isClosed: boolean;
  /** Whether the server has said (GOAWAY) that it does nothing about this stream and later ones. */
  disowns(stream: ClientHttp2Stream): boolean;
  /** Begins a request. @throws when a header cannot be sent, or the connection is over. */
  begin(headers: OutgoingHttpHeaders, hasBody: boolean): ClientHttp2Stream;
  /** Takes no more requests; ends when those that it has are done. */
  retire(): void;
  destroy(): void;
}

export interface ConnectOptions {
  readonly tls: ReadTls;
  readonly clock: Clock;
  /** Called when there is room again, and when the connection is over. */
  readonly onChange: () => void;
}

/** Until TLS and the server's settings are there. */
const CONNECT_MS = 15_000;
/** How often a connection is looked at. */
const LOOK_MS = 5_000;
/** After so many looks without a byte from the server it is asked for a sign of life (PING); its answer is a byte. */
const SILENT_LOOKS = 1;
/** After so many it is dead: found within 20 s, before the deadline of what waits on it. */
const DEAD_LOOKS = 3;
/** So long without a request, a connection is not kept. */
const IDLE_LOOKS = 12;
/** More streams are not opened, whatever the server would bear. */
const MAX_STREAMS = 250;
/** How much of a body the server may send before we have read any: a long list must not wait for us in small steps. */
const STREAM_WINDOW = 2 ** 20;
/** Those of many streams share this; what nobody reads counts no more once it has arrived. */
const CONNECTION_WINDOW = 2 ** 24;
/** Ids of streams end at 2^31, every second one is ours, and none is used twice. */
const LAST_ID = 2 ** 30;

/** Connects by TLS; undefined when the server does not choose HTTP/2 (ALPN). */
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
      // As node:https has it: an address is no name to be asked for (RFC 6066, section 3).
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

/** Waits for the server's settings, which say how many streams it takes; they also prove that it speaks HTTP/2. */
function greeting(url: URL, session: ClientHttp2Session, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onTimeout = () => session.destroy(timedOut(url));
    signal.addEventListener('abort', onTimeout, { once: true });
    session.once('remoteSettings', () => {
      signal.removeEventListener('abort', onTimeout);
      resolve();
    });
    // Without anybody who listens, later errors would end the process; those are told by the streams.
    session.on('error', reject);
    session.once('close', () => {
      signal.removeEventListener('abort', onTimeout);
      reject(new Error('connection closed before the server said anything'));
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
  // A process is kept alive by its requests, not by connections.
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

/** Finds out that nobody is at the other end any more, and lets go of a connection that nobody needs. */
function lookAfter(
  session: ClientHttp2Session,
  socket: TLSSocket,
  clock: Clock,
  { isIdle, retire }: { readonly isIdle: () => boolean; readonly retire: () => void },
): () => void {
  let heard = socket.bytesRead;
  let silent = 0;
  let idle = 0;
  // Keeps no process alive, as a sleep would.
  let next = clock.deadline(LOOK_MS);
  const wait = () => next.signal.addEventListener('abort', () => void setImmediate(look), { once: true });
  // After what has arrived was read: this process may have stood still itself.
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

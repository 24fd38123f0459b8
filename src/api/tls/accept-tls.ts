import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { Clock } from '../../base/index.ts';
import type { KeyPair } from './certificate.ts';

/** The first byte of a TLS connection: a handshake record (RFC 8446, 5.1). HTTP/1.1 starts with a letter. */
const HANDSHAKE = 0x16;
/** Timeouts for the first byte and for the TLS handshake, in milliseconds (S-079). */
const FIRST_BYTE_MS = 10_000;
const HANDSHAKE_MS = 10_000;

export interface TlsPort {
  /** Closes connections that have sent nothing yet. */
  closeIdleConnections(): void;
  /** Also closes connections that the HTTP server has not received yet. */
  closeAllConnections(): void;
}

/**
 * Makes an HTTP server accept TLS on the same port, since Flux v1's manifests probe it over plain HTTP. Without a certificate, TLS
 * connections are closed.
 */
export function acceptTls(server: HttpServer, certificate: () => Promise<KeyPair | undefined>, clock: Clock): TlsPort {
  const [listener] = server.listeners('connection');
  if (!listener) throw new TypeError('the HTTP server has no connection listener');
  server.removeAllListeners('connection');
  const serveHttp = (socket: Socket): void => listener.call(server, socket);
  const silent = new Set<Socket>();
  const encrypted = new Set<Socket>();
  let installed: KeyPair | undefined;

  const tls = createTlsServer({ ALPNProtocols: ['http/1.1'], handshakeTimeout: HANDSHAKE_MS }, serveHttp);
  // After a failed handshake the socket is closed already.
  tls.on('tlsClientError', ignore);

  async function shakeHands(socket: Socket): Promise<void> {
    encrypted.add(socket);
    const pair = await certificate();
    if (pair === undefined || socket.destroyed) return void socket.destroy();
    // As in a plain TLS server, half-closed connections are ended.
    socket.allowHalfOpen = false;
    if (pair !== installed) tls.setSecureContext({ ...pair, minVersion: 'TLSv1.2' });
    installed = pair;
    tls.emit('connection', socket);
  }

  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    const silence = clock.deadline(FIRST_BYTE_MS);
    silence.signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.once('close', () => {
      silence[Symbol.dispose]();
      silent.delete(socket);
      encrypted.delete(socket);
    });
    // An error of a client that leaves early is harmless; the HTTP server adds its own listener later.
    socket.on('error', ignore);
    socket.once('readable', () => {
      const first: Buffer | null = socket.read();
      if (first === null) return void socket.destroy(); // closed without sending anything
      silent.delete(socket);
      silence[Symbol.dispose]();
      socket.unshift(first);
      if (first[0] === HANDSHAKE) shakeHands(socket).catch(() => socket.destroy());
      else serveHttp(socket);
    });
  });

  return {
    closeIdleConnections() {
      for (const socket of silent) socket.destroy();
    },
    closeAllConnections() {
      for (const socket of [...silent, ...encrypted]) socket.destroy();
    },
  };
}

/** Whether the connection is encrypted. */
export function isEncrypted(socket: Socket): boolean {
  return socket instanceof TLSSocket;
}

function ignore(): void {}

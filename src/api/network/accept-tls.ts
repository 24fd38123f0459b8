import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { Clock } from '../../base/index.ts';
import type { KeyPair } from './certificate.ts';

/** The first byte of a TLS connection: a record of type handshake (RFC 8446, 5.1). Of HTTP/1.1 it is a letter. */
const HANDSHAKE = 0x16;
/** A client says something by then, and has shaken hands by then, ms (S-079). */
const FIRST_BYTE_MS = 10_000;
const HANDSHAKE_MS = 10_000;

export interface TlsPort {
  /** Closes what has not said anything yet. */
  closeIdleConnections(): void;
  /** Closes what the HTTP server does not know yet as well. */
  closeAllConnections(): void;
}

/**
 * Lets an HTTP server take TLS as well, on the same port: Flux v1's manifests probe it by plain HTTP, and that must go on. Without a
 * certificate connections by TLS are closed.
 */
export function acceptTls(server: HttpServer, certificate: () => Promise<KeyPair | undefined>, clock: Clock): TlsPort {
  const [listener] = server.listeners('connection');
  if (!listener) throw new TypeError('the HTTP server serves no connections');
  server.removeAllListeners('connection');
  const serveHttp = (socket: Socket): void => listener.call(server, socket);
  const silent = new Set<Socket>();
  const encrypted = new Set<Socket>();
  let installed: KeyPair | undefined;

  const tls = createTlsServer({ ALPNProtocols: ['http/1.1'], handshakeTimeout: HANDSHAKE_MS }, serveHttp);
  // Who cannot shake hands is gone already.
  tls.on('tlsClientError', ignore);

  async function shakeHands(socket: Socket): Promise<void> {
    encrypted.add(socket);
    const pair = await certificate();
    if (pair === undefined || socket.destroyed) return void socket.destroy();
    // As in a server of TLS alone: who says that they are done is done.
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
    // A client that leaves before it is served harms nobody; later others listen as well.
    socket.on('error', ignore);
    socket.once('readable', () => {
      const first: Buffer | null = socket.read();
      if (first === null) return void socket.destroy(); // gone without a word
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

/** Whether nobody between the client and us can read along. */
export function isEncrypted(socket: Socket): boolean {
  return socket instanceof TLSSocket;
}

function ignore(): void {}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Clock, FluxError, type Logger, messageOf, systemClock } from '../base/index.ts';
import { BodyBudget, checkContentType, decodeBody, readBody } from './body.ts';
import { limitConnections } from './connections.ts';
import { type Caller, checkDoor, isLoopback } from './doors.ts';
import { acceptTls, isEncrypted } from './network/accept-tls.ts';
import type { KeyPair } from './network/certificate.ts';
import type { Rights } from './network/rights.ts';
import { tokenOf } from './network/token.ts';
import { type ApiRequest, findRoute, type Match, type Reply, type Route } from './route.ts';
import { badRequest, statusOf } from './status.ts';
import { createClientTurns, createConnectionTurns } from './turns.ts';
import { writeReply } from './write.ts';

/** How long open exchanges may take to end once the server closes. */
const CLOSE_GRACE_MS = 3000;
/** Connections that may wait to be taken, as far as the kernel grants it: one too many asks again after a whole second. */
const BACKLOG = 4096;
/** Given before a route is asked: no route took the time, and anybody may be given them for each. */
const REFUSALS = new Set([403, 413, 415]);
const NO_BODY = Buffer.alloc(0);

/** How long a client may take to send what it has to say (S-079). */
export interface Patience {
  /** From the connection, or the request before, to the end of the headers. */
  readonly headersMs: number;
  /** To the end of the body. */
  readonly requestMs: number;
  /** From one request to the next. */
  readonly idleMs: number;
  /** How often this is looked after. */
  readonly lookMs: number;
}

const PATIENCE: Patience = { headersMs: 10_000, requestMs: 30_000, idleMs: 10_000, lookMs: 2000 };

export interface HttpListener {
  /** Resolves to where it listens; port 0 picks a free one, the empty host means every interface. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly address: string; readonly port: number }>;
  /** Takes no more connections, lets open exchanges end, cuts those that do not. */
  close(): Promise<void>;
  /** What is served, for the table of who may call what. */
  readonly routes: readonly Pick<Route, 'methods' | 'path' | 'door' | 'body'>[];
}

export interface ListenerOptions {
  readonly routes: readonly Route[];
  /** Turns anything thrown, and a request no route answers (`undefined`), into an answer. */
  readonly refuse: (thrown: unknown, request: Pick<ApiRequest, 'path' | 'headers'>) => Reply;
  readonly log: Logger;
  readonly clock?: Clock;
  /** The address a connection came in on; tests pretend others. */
  readonly localAddressOf?: (socket: Socket) => string;
  /** Takes TLS as well, and lets in from the network who has the right. Without it no token is ever read. */
  readonly tls?: { readonly certificate: () => Promise<KeyPair | undefined>; readonly rights: Rights };
  /** Bytes of bodies held at once, over all connections; no limit by default, for callers that have passed a door. */
  readonly maxHeldBytes?: number;
  readonly patience?: Patience;
  /** Connections of one network address; an Ingress in front is one address for everybody. */
  readonly maxFromOneAddress?: number;
  /** How logs show a path, where a path may hold what only its caller should know. */
  readonly shownPath?: (path: string) => string;
  /** Told of each request that was answered. */
  readonly onAnswer?: (answer: Answered) => void;
  /** What metrics call a path that no route serves. */
  readonly unknownName?: (path: string) => string;
}

export interface Answered {
  readonly method: string;
  /** The name of the route; of all of them together for what was refused before one was asked. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** An HTTP/1.1 server over a table of routes: door first, then body, then handler. Compiles no code and knows no sessions. */
export function createListener(options: ListenerOptions): HttpListener {
  const { routes, refuse, log, clock = systemClock, localAddressOf = (socket) => socket.localAddress ?? '' } = options;
  const { shownPath = (path) => path, maxFromOneAddress, patience = PATIENCE } = options;
  const { onAnswer, unknownName = () => 'NotFound' } = options;
  const budget = options.maxHeldBytes === undefined ? undefined : new BodyBudget(options.maxHeldBytes);
  /** Of the exchanges under way. */
  const open = new Set<AbortController>();
  let isClosing = false;
  const asClient = createClientTurns();

  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: patience.headersMs,
      requestTimeout: patience.requestMs,
      keepAliveTimeout: patience.idleMs,
      connectionsCheckingInterval: patience.lookMs,
    },
    (incoming, outgoing) => receive(incoming, outgoing),
  );
  // Whoever asks before sending a body (RFC 9110, 10.1.1) is told to go on only when it will be read.
  server.on('checkContinue', (incoming, outgoing) => receive(incoming, outgoing, () => outgoing.writeContinue()));
  const tls = options.tls && acceptTls(server, options.tls.certificate, clock);
  const { shutOut } = limitConnections(server, localAddressOf, clock, maxFromOneAddress);
  const onConnection = createConnectionTurns(shutOut);

  function receive(incoming: IncomingMessage, outgoing: ServerResponse, goOn?: () => void): void {
    const { socket } = incoming;
    void onConnection(socket, () =>
      answer(incoming, outgoing, goOn).catch((error: unknown) => {
        log.error({ method: incoming.method, err: error }, 'answer could not be written');
        socket.destroy();
      }),
    );
  }

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse, goOn: (() => void) | undefined): Promise<void> {
    const startedAt = clock.monotonic();
    const [path = '', search = ''] = splitTarget(incoming.url ?? '');
    const query = new URLSearchParams(search);
    const seen = { path, headers: incoming.headers };
    const match = findRoute(routes, incoming.method ?? '', path, query);
    const reply = await serve(incoming, outgoing, match, path, query, goOn).catch((error: unknown) => {
      if (!(error instanceof FluxError) || (statusOf(error) >= 500 && !error.expected))
        log.error({ method: incoming.method, path: shownPath(path), err: error }, 'request failed');
      return refuse(error, seen);
    });
    await writeReply(incoming, outgoing, reply, clock);
    const durationMs = clock.monotonic() - startedAt;
    onAnswer?.({
      method: incoming.method ?? '',
      route: !match ? unknownName(path) : REFUSALS.has(reply.status) ? 'Refused' : (match.route.name ?? match.route.path),
      status: reply.status,
      seconds: durationMs / 1000,
    });
    log.debug({ method: incoming.method, path: shownPath(path), status: reply.status, durationMs }, 'request answered');
  }

  /** Aborts when the client has gone, or the server closes. */
  function signalOf(outgoing: ServerResponse): AbortSignal {
    const gone = new AbortController();
    open.add(gone);
    if (isClosing) gone.abort();
    const onClose = () => {
      open.delete(gone);
      // Once all has been sent nobody waits for it, and the error that it makes takes a twentieth of the time of a short request.
      if (!outgoing.writableFinished) gone.abort();
    };
    // Who left while the body was read is not heard of again.
    if (outgoing.closed) onClose();
    else outgoing.once('close', onClose);
    return gone.signal;
  }

  async function serve(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    match: Match | undefined,
    path: string,
    query: URLSearchParams,
    goOn: (() => void) | undefined,
  ): Promise<Reply> {
    const method = incoming.method ?? '';
    const caller = callerOf(incoming, localAddressOf(incoming.socket));
    if (checkDoor(match?.route.door, caller) === 'by-right') {
      if (!options.tls) throw new TypeError('a right is asked for where nobody can tell');
      const from = incoming.socket.remoteAddress ?? '';
      await options.tls.rights.check({ token: tokenOf(incoming.headers), method, path, served: match !== undefined, from });
    }
    if (!path.startsWith('/')) throw badRequest('the request target is not a path');
    if (!match) return refuse(undefined, { path, headers: incoming.headers });
    const { route, params } = match;
    if (route.body === 'json' || route.body === 'legacy') checkContentType(incoming.headers['content-type'], route.body);
    using hold = budget?.hold();
    const limits = { maxBytes: route.maxBodyBytes, hold, onAccepted: goOn };
    const bytes = route.body === undefined ? NO_BODY : await readBody(incoming, limits);
    const body = route.body === 'raw' ? '' : decodeBody(bytes);
    const signal = signalOf(outgoing);
    const local = isLoopback(caller.localAddress);
    const handle = async () => {
      // While it waited for its turn, or is answered, the client may leave; no one reads an answer then.
      if (signal.aborted) return { status: 503 };
      try {
        return await route.handle({ method, path, params, query, headers: incoming.headers, body, bytes, local, signal });
      } catch (error) {
        if (error === signal.reason) return { status: 503 };
        throw error;
      }
    };
    if (route.door !== 'local' || route.waits) return await handle();
    return await asClient(incoming.socket.remoteAddress ?? '', handle);
  }

  return {
    routes,
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        const onError = (cause: Error) =>
          reject(
            new FluxError(`address ${host}:${port} cannot be listened on: ${messageOf(cause)}`, {
              code: 'api/listen-failed',
              help: 'Another process may hold the port; choose another one with --listen, --listen-metrics or --webhook-listen.',
              cause,
            }),
          );
        server.once('error', onError);
        server.listen({ port, backlog: BACKLOG, ...(host === '' ? {} : { host }) }, () => {
          server.removeListener('error', onError);
          server.on('error', (error) => log.error({ err: error }, 'listener failed'));
          const bound = server.address() as AddressInfo;
          resolve({ address: bound.address, port: bound.port });
        });
      }),
    async close() {
      isClosing = true;
      for (const gone of open) gone.abort();
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      tls?.closeIdleConnections();
      server.closeIdleConnections();
      const done = new AbortController();
      const grace = clock.sleep(CLOSE_GRACE_MS, { signal: done.signal }).then(
        () => {
          server.closeAllConnections();
          tls?.closeAllConnections();
        },
        () => {},
      );
      await closed;
      done.abort();
      await grace;
    },
  };
}

function splitTarget(target: string): readonly [path: string, search: string] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}

function callerOf(incoming: IncomingMessage, localAddress: string): Caller {
  const hosts = incoming.rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === 'host');
  const secFetchSite = incoming.headers['sec-fetch-site'];
  return {
    localAddress,
    encrypted: isEncrypted(incoming.socket),
    hosts,
    origin: incoming.headers.origin,
    secFetchSite: typeof secFetchSite === 'string' ? secFetchSite : undefined,
  };
}

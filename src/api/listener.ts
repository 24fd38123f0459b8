import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Clock, FluxError, http, type Logger, messageOf, systemClock } from '../base/index.ts';
import { admit } from './access/admit.ts';
import { callerOf } from './access/caller.ts';
import { localCaller } from './access/local-caller.ts';
import type { Authenticator, Session } from './access/session.ts';
import { type AuditedAct, auditFields } from './audit.ts';
import { BodyBudget, checkContentType, decodeBody, readBody } from './body.ts';
import { limitConnections } from './connections.ts';
import { type ApiRequest, findRoute, type Match, type Reply, type Route, splitTarget } from './route.ts';
import { badRequest, statusOf } from './status.ts';
import { acceptTls } from './tls/accept-tls.ts';
import type { KeyPair } from './tls/certificate.ts';
import { createClientTurns, createConnectionTurns } from './turns.ts';
import { writeReply } from './write.ts';

/** Grace period for open exchanges after the server starts to close. */
const CLOSE_GRACE_MS = 3000;
/** Accept backlog, as far as the kernel allows: a client beyond it retries only after a second. */
const BACKLOG = 4096;
/** Statuses of responses sent before a route runs; they are not counted for the route, since anyone can cause them. */
const REFUSALS = new Set([403, 413, 415]);
const NO_BODY = Buffer.alloc(0);

/** Timeouts for receiving a request (S-079). */
export interface Patience {
  /** From the connection, or the previous request, to the end of the headers. */
  readonly headersMs: number;
  /** To the end of the body. */
  readonly requestMs: number;
  /** Between two requests. */
  readonly idleMs: number;
  /** Interval for checking the timeouts. */
  readonly lookMs: number;
}

const PATIENCE: Patience = { headersMs: 10_000, requestMs: 30_000, idleMs: 10_000, lookMs: 2000 };

export interface HttpListener {
  /** Resolves to the actual address; port 0 picks a free port, an empty host means all interfaces. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly address: string; readonly port: number }>;
  /** Stops accepting connections, waits for open exchanges, then cuts the rest. */
  close(): Promise<void>;
  /** The served routes, for the table of access rules. */
  readonly routes: readonly Pick<Route, 'methods' | 'path' | 'access' | 'body'>[];
}

export interface ListenerOptions {
  readonly routes: readonly Route[];
  /** Turns a thrown value, or a request without a route (`undefined`), into a response. */
  readonly refuse: (thrown: unknown, request: Pick<ApiRequest, 'path' | 'headers'>) => Reply;
  readonly log: Logger;
  readonly clock?: Clock;
  /** The local address of a connection; tests override it. */
  readonly localAddressOf?: (socket: Socket) => string;
  /** Enables TLS. */
  readonly tls?: { readonly certificate: () => Promise<KeyPair | undefined> };
  /** Who is recognised, in order; local callers by default. */
  readonly authenticators?: readonly Authenticator[];
  /** Limit of body bytes held over all connections; none by default, since callers of authorized routes are known. */
  readonly maxHeldBytes?: number;
  readonly patience?: Patience;
  /** Connection limit of one network address; behind an Ingress, all clients share one address. */
  readonly maxFromOneAddress?: number;
  /** The form of a path in logs, for paths that may contain secrets. */
  readonly shownPath?: (path: string) => string;
  /** Receives one line for each act of a person. */
  readonly auditLog?: Logger;
  /** Called after each response. */
  readonly onAnswer?: (answer: Answered) => void;
  /** Name in metrics for paths without a route. */
  readonly unknownName?: (path: string) => string;
}

export interface Answered {
  readonly method: string;
  /** The name of the route, or a common name for requests rejected before routing. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** An HTTP/1.1 server over a table of routes: access first, then body, then handler. Compiles no code. */
export function createListener(options: ListenerOptions): HttpListener {
  const { routes, refuse, log, clock = systemClock, localAddressOf = (socket) => socket.localAddress ?? '' } = options;
  const { shownPath = (path) => path, maxFromOneAddress, patience = PATIENCE } = options;
  const { auditLog } = options;
  const { onAnswer, unknownName = () => 'NotFound', authenticators = [localCaller()] } = options;
  const budget = options.maxHeldBytes === undefined ? undefined : new BodyBudget(options.maxHeldBytes);
  /** Abort controllers of the exchanges in progress. */
  const open = new Set<AbortController>();
  let isClosing = false;
  const asClient = createClientTurns();

  const server = http.createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: patience.headersMs,
      requestTimeout: patience.requestMs,
      keepAliveTimeout: patience.idleMs,
      connectionsCheckingInterval: patience.lookMs,
    },
    (incoming, outgoing) => receive(incoming, outgoing),
  );
  // A client that sends `Expect: 100-continue` (RFC 9110, 10.1.1) gets the 100 only when its body will be read.
  server.on('checkContinue', (incoming, outgoing) => receive(incoming, outgoing, () => outgoing.writeContinue()));
  const tls = options.tls && acceptTls(server, options.tls.certificate, clock);
  const { shutOut } = limitConnections(server, localAddressOf, clock, maxFromOneAddress);
  const onConnection = createConnectionTurns(shutOut);

  function receive(incoming: IncomingMessage, outgoing: ServerResponse, goOn?: () => void): void {
    const { socket } = incoming;
    void onConnection(socket, () =>
      answer(incoming, outgoing, goOn).catch((error: unknown) => {
        log.error({ method: incoming.method, err: error }, 'writing the response failed');
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

  /** Aborts when the client disconnects, or the server closes. */
  function signalOf(outgoing: ServerResponse): AbortSignal {
    const gone = new AbortController();
    open.add(gone);
    if (isClosing) gone.abort();
    const onClose = () => {
      open.delete(gone);
      // After the response the abort is useless, and creating its error takes a twentieth of the time of a short request.
      if (!outgoing.writableFinished) gone.abort();
    };
    // The client may have disconnected while the body was read, which emits no further event.
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
    const right = { method, path, served: match !== undefined };
    const session = await admit(match?.route.access, caller, right, authenticators);
    if (!path.startsWith('/')) throw badRequest('the request target is not a path');
    if (!match) return refuse(undefined, { path, headers: incoming.headers });
    const { route, params } = match;
    if (route.body === 'json' || route.body === 'legacy') checkContentType(incoming.headers['content-type'], route.body);
    using hold = budget?.hold();
    const limits = { maxBytes: route.maxBodyBytes, hold, onAccepted: goOn };
    const bytes = route.body === undefined ? NO_BODY : await readBody(incoming, limits);
    const body = route.body === 'raw' ? '' : decodeBody(bytes);
    const signal = signalOf(outgoing);
    const audit = (act: AuditedAct) =>
      auditLog?.info({ caller: nameOf(session), from: caller.remoteAddress, ...auditFields(act) }, 'act of a person');
    const handle = async () => {
      // The client may disconnect while its request waits or runs; then no response is written.
      if (signal.aborted) return { status: 503 };
      try {
        return await route.handle({
          method,
          path,
          params,
          query,
          headers: incoming.headers,
          body,
          bytes,
          session,
          from: caller.remoteAddress,
          audit,
          signal,
        });
      } catch (error) {
        if (error === signal.reason) return { status: 503 };
        throw error;
      }
    };
    if (route.access !== 'authorized' || route.waits) return await handle();
    return await asClient(caller.remoteAddress, handle);
  }

  return {
    routes,
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        const onError = (cause: Error) =>
          reject(
            new FluxError(`cannot listen on ${host}:${port}: ${messageOf(cause)}`, {
              code: 'api/listen-failed',
              help: 'Another process may use the port; choose another one with --listen, --listen-metrics or --webhook-listen.',
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

/** The name of an authenticated caller. */
function nameOf(session: Session): string {
  return session.type === 'token' ? (session.user ?? 'token') : session.type;
}

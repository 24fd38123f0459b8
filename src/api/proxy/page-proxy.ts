import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, FluxError, http, messageOf } from '../../base/index.ts';
import type { LiveReads } from '../../controller/index.ts';
import { callerOf } from '../access/caller.ts';
import { requireLoopbackNames } from '../access/local-caller.ts';
import { LogStreams } from '../live/log-streams.ts';
import { LIVE_PREFIX, liveRoutes } from '../live/routes.ts';
import { type ApiRequest, findRoute, type Match, type Reply, splitTarget } from '../route.ts';
import { badRequest, visibleError } from '../status.ts';
import { problemReply } from '../v1/index.ts';
import { writeReply } from '../write.ts';
import { createDaemonDoor } from './daemon-door.ts';
import { passOn } from './upstream.ts';

/** Reads of the cluster at a time; a page asks for a few. */
const AT_ONCE = 16;

export interface PageProxyOptions {
  /** Where fluxd is: `http://127.0.0.1:<port>` of a port-forward. */
  readonly upstream: string;
  /** Reads the cluster with the rights of the user. */
  readonly reads: LiveReads;
  readonly clock: Clock;
  /** Why the port-forward broke, if it knows. */
  readonly failure?: () => FluxError | undefined;
}

export interface PageProxy {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  close(): void;
}

/**
 * Serves the page of a fluxd at a free port of 127.0.0.1. Only reads of the cluster are answered here, and only to a page with a session
 * of that fluxd: neither another web page nor another program of this machine gets them.
 */
export async function openPageProxy({ upstream, reads, clock, failure }: PageProxyOptions): Promise<PageProxy> {
  const target = new URL(upstream);
  const door = createDaemonDoor(target, clock);
  // The API server asks for the rights of the user.
  const routes = liveRoutes({
    streams: new LogStreams(),
    admit: (request) => ({ caller: '', reads, permit: async () => undefined, manifest: door.manifestFor(request) }),
  });
  let running = 0;

  async function answer(incoming: IncomingMessage, match: Match, query: URLSearchParams, signal: AbortSignal): Promise<Reply> {
    const path = match.route.path;
    try {
      const caller = callerOf(incoming, incoming.socket.localAddress ?? '');
      if (caller.hosts.length > 1) throw badRequest('the request has more than one Host header');
      requireLoopbackNames(caller);
      if (running >= AT_ONCE) throw busy();
      running += 1;
      try {
        const { headers } = incoming;
        await door.requireSession(headers, signal);
        return await match.route.handle(requestOf(incoming, match, query, signal));
      } finally {
        running -= 1;
      }
    } catch (error) {
      return problemReply(visibleError(error), path);
    }
  }

  const server = http.createServer({ maxHeaderSize: 16 * 1024 }, (incoming, outgoing) => {
    const [path = '', search] = splitTarget(incoming.url ?? '');
    const query = new URLSearchParams(search);
    const match = path.startsWith(`${LIVE_PREFIX}/`) ? findRoute(routes, incoming.method ?? '', path, query) : undefined;
    if (!match) return passOn(incoming, outgoing, target, (error) => messageOf(failure?.() ?? error));
    void answer(incoming, match, query, closing(outgoing))
      .then((reply) => writeReply(incoming, outgoing, reply, clock))
      // The browser is gone, or the answer cannot be written to it.
      .catch(() => outgoing.destroy());
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      door.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

function requestOf(
  { method = '', headers, socket }: IncomingMessage,
  { route, params }: Match,
  query: URLSearchParams,
  signal: AbortSignal,
): ApiRequest {
  const session = { type: 'page', may: 'read-only' } as const;
  const from = socket.remoteAddress ?? '';
  return {
    method,
    path: route.path,
    params,
    query,
    headers,
    body: '',
    bytes: NO_BODY,
    session,
    from,
    audit: () => undefined,
    signal,
  };
}

const NO_BODY = Buffer.alloc(0);

/** Aborts when the browser is gone. */
function closing(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  return gone.signal;
}

function busy(): FluxError {
  return new FluxError('too many reads of the cluster at a time', {
    code: 'api/busy',
    help: 'Close other tabs of the page, or try again in a few seconds.',
  });
}

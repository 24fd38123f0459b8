import type { IncomingHttpHeaders } from 'node:http';

/** A request that has passed its door, read whole. */
export interface ApiRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** What stood in place of the `{name}` segments, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** UTF-8 text; empty when the route takes none, takes it raw, or none was sent. */
  readonly body: string;
  /** The body as it came, for what is signed byte for byte. */
  readonly bytes: Uint8Array;
  /** True when the connection came in on a loopback address. */
  readonly local: boolean;
  /** Aborts when the client goes away or the server closes. */
  readonly signal: AbortSignal;
}

/** An answer, before it is written to the connection. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent whole, or piece by piece, each when the client has taken those before. */
  readonly body?: string | Buffer | AsyncIterable<string>;
}

/**
 * Who may come in. `anyone`: from any address. `local`: over a loopback address of this machine, where a port-forward
 * arrives, or a person with a shell; from elsewhere only by TLS with a token that has the right. `signed`: from any address and under any name, because the handler itself refuses what does
 * not bear a valid signature.
 */
export type Door = 'anyone' | 'local' | 'signed';

export interface Route {
  readonly methods: readonly string[];
  /** Matched byte for byte; a segment `{name}` stands for any one segment. */
  readonly path: string;
  /** What metrics call it; the path by default. Never what a client sends. */
  readonly name?: string;
  readonly door: Door;
  /** Query parameters without which the route does not exist (Flux v1's router works so). */
  readonly requires?: readonly string[];
  /** Absent: the route takes no body. `json` must be said in the Content-Type; `legacy` may also come without one, as Go's fluxctl sends it. `raw` is left to the handler, type and all. */
  readonly body?: 'json' | 'legacy' | 'raw';
  /** The answer may wait for news (a long poll), so that it does not count as work under way. */
  readonly waits?: true;
  /** The largest body, in bytes, where the ordinary limit is too small for what the route is for. */
  readonly maxBodyBytes?: number;
  readonly handle: (request: ApiRequest) => Promise<Reply> | Reply;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The route for a request line. The door is read from the route found here, so what is checked is what is served. */
export function findRoute(routes: readonly Route[], method: string, path: string, query: URLSearchParams): Match | undefined {
  for (const route of routes) {
    if (!route.methods.includes(method) || route.requires?.some((name) => !query.has(name))) continue;
    const params = matchPath(route.path, path);
    if (params) return { route, params };
  }
  return undefined;
}

/** The methods of the routes at a path, whatever their queries. */
export function methodsAt(routes: readonly Route[], path: string): readonly string[] {
  return routes.flatMap((route) => (matchPath(route.path, path) ? route.methods : []));
}

function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  if (!pattern.includes('{')) return pattern === path ? {} : undefined;
  const [wanted, found] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== found.length) return undefined;
  const params: [string, string][] = [];
  for (const [index, segment] of wanted.entries()) {
    const actual = found[index] ?? '';
    if (segment.startsWith('{')) {
      const text = decodeSegment(actual);
      if (text === undefined || text === '') return undefined;
      params.push([segment.slice(1, -1), text]);
    } else if (segment !== actual) return undefined;
  }
  return Object.fromEntries(params);
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

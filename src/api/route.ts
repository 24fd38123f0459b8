import type { IncomingHttpHeaders } from 'node:http';
import { percentDecoded } from '../base/index.ts';
import type { Access } from './access/admit.ts';
import type { Session } from './access/session.ts';
import type { Audit } from './audit.ts';

/** A complete request that was admitted. */
export interface ApiRequest {
  readonly method: string;
  /** The path as sent, without the query. */
  readonly path: string;
  /** The decoded values of the `{name}` segments. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** UTF-8 text; empty if the route accepts no body or a raw one, or if none was sent. */
  readonly body: string;
  /** The unchanged bytes of the body, for checking signatures. */
  readonly bytes: Uint8Array;
  /** Who sent it. */
  readonly session: Session;
  /** The client's address. */
  readonly from: string;
  /** Writes a line to the audit log. */
  readonly audit: Audit;
  /** Aborts when the client disconnects or the server closes. */
  readonly signal: AbortSignal;
}

/** A response, before it is written to the connection. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent at once, or piece by piece, each after the client has received the previous ones. */
  readonly body?: string | Buffer | AsyncIterable<string>;
}

export interface Route {
  readonly methods: readonly string[];
  /** Matched byte for byte; a segment `{name}` matches any one segment. */
  readonly path: string;
  /** Name in metrics; the path pattern by default. Never the path that a client sends. */
  readonly name?: string;
  readonly access: Access;
  /** Query parameters without which the route does not match, as in Flux v1's router. */
  readonly requires?: readonly string[];
  /** Absent: no body. `json` requires the Content-Type; `legacy` may lack one, as in Go's fluxctl. The handler checks `raw` itself. */
  readonly body?: 'json' | 'legacy' | 'raw';
  /** A long poll, which does not count as work in progress. */
  readonly waits?: true;
  /** Body limit in bytes, if the default is too small for the route. */
  readonly maxBodyBytes?: number;
  readonly handle: (request: ApiRequest) => Promise<Reply> | Reply;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The route for a request line. The access of this route is checked, so the check always concerns the served route. */
export function findRoute(routes: readonly Route[], method: string, path: string, query: URLSearchParams): Match | undefined {
  for (const route of routes) {
    if (!route.methods.includes(method) || route.requires?.some((name) => !query.has(name))) continue;
    const params = matchPath(route.path, path);
    if (params) return { route, params };
  }
  return undefined;
}

/** The methods of the routes at a path, regardless of their queries. */
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
      const text = percentDecoded(actual);
      if (text === undefined || text === '') return undefined;
      params.push([segment.slice(1, -1), text]);
    } else if (segment !== actual) return undefined;
  }
  return Object.fromEntries(params);
}

/** The path and the query of a request target. */
export function splitTarget(target: string): readonly [path: string, search: string] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}

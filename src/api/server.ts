import type { Socket } from 'node:net';
import { type Clock, FluxError, type Logger, systemClock } from '../base/index.ts';
import type { Daemon, LiveReads } from '../controller/index.ts';
import { localCaller } from './access/local-caller.ts';
import type { PageAccess } from './access/page.ts';
import { PageSessions } from './access/page-sessions.ts';
import { createRights, type ReviewAccess } from './access/rights.ts';
import { tokenHolder } from './access/token-holder.ts';
import { UserSessions } from './access/user-sessions.ts';
import { healthRoutes, metricsRoute, type RenderMetrics } from './health.ts';
import { deprecatedEndpoint, LEGACY_PREFIX, legacyError, legacyRoutes, unknownEndpoint } from './legacy/index.ts';
import { type Answered, createListener, type HttpListener, type ListenerOptions } from './listener.ts';
import { LogStreams } from './live/log-streams.ts';
import { liveRoutesOfFluxd } from './live/of-fluxd.ts';
import type { Oidc } from './oidc/index.ts';
import { openApiRoute } from './openapi/index.ts';
import { perSource } from './per-source.ts';
import { methodsAt, type Reply, type Route } from './route.ts';
import { statusOf, visibleError } from './status.ts';
import { createCertificate, type TlsFiles } from './tls/certificate.ts';
import { type Assets, assetRoutes, oidcRoutes, sessionRoutes } from './ui/index.ts';
import { problemReply, V1_PREFIX, v1Routes } from './v1/index.ts';

export interface ApiServerOptions {
  readonly daemon: Daemon;
  readonly log: Logger;
  /** Absent if metrics have their own listener. */
  readonly metrics?: RenderMetrics;
  /** Receives one line for each act of a person. */
  readonly auditLog?: Logger;
  /** Called after each response. */
  readonly onAnswer?: (answer: Answered) => void;
  /** Enables TLS for authorized callers; `live` reads the cluster for them, and `oidc` signs them in to the page. */
  readonly tls?: TlsFiles & { readonly review: ReviewAccess; readonly live?: LiveReads; readonly oidc?: Oidc };
  /** The web page, and what it may do; absent for none. */
  readonly ui?: { readonly assets: Assets; readonly may: PageAccess };
  readonly clock?: Clock;
  /** The local address of a connection; tests override it. */
  readonly localAddressOf?: (socket: Socket) => string;
}

/** The daemon's HTTP API on `--listen`. */
export function createApiServer(options: ApiServerOptions): HttpListener {
  const { daemon, log, auditLog, metrics, onAnswer, tls, ui, clock = systemClock, localAddressOf } = options;
  const page = ui && { sessions: new PageSessions(clock), may: ui.may };
  const users = new UserSessions(clock);
  const streams = new LogStreams();
  const routes = [
    ...healthRoutes(daemon),
    ...(metrics === undefined ? [] : [metricsRoute(metrics, clock)]),
    ...perSource(daemon, (each) => [
      ...legacyRoutes(each),
      ...v1Routes(each, clock),
      ...liveRoutesOfFluxd(each, tls?.live, streams),
    ]),
    ...(ui && page
      ? [
          ...assetRoutes(ui.assets),
          ...sessionRoutes({ ...page, users }),
          ...oidcRoutes({ oidc: tls?.oidc, sessions: users, may: ui.may, clock }),
        ]
      : []),
  ];
  const all = [...routes, openApiRoute(routes)];
  return createListener({
    routes: all,
    refuse: createRefusal(all),
    log,
    clock,
    unknownName,
    ...(auditLog ? { auditLog } : {}),
    ...(onAnswer ? { onAnswer } : {}),
    authenticators: [
      localCaller(page),
      ...(tls
        ? [tokenHolder({ rights: createRights({ review: tls.review, clock }), sessions: users, ...(ui ? { page: ui.may } : {}) })]
        : []),
    ],
    ...(tls ? { tls: { certificate: createCertificate({ files: tls, clock, log }) } } : {}),
    ...(localAddressOf === undefined ? {} : { localAddressOf }),
  });
}

/** Only Prometheus metrics, on `--listen-metrics`. */
export function createMetricsServer({
  metrics,
  log,
  clock = systemClock,
}: Pick<ListenerOptions, 'log' | 'clock'> & { readonly metrics: RenderMetrics }): HttpListener {
  return createListener({
    routes: [metricsRoute(metrics, clock)],
    refuse: createRefusal([]),
    log,
    clock,
  });
}

/** Each API has its own error format; other paths get plain text, and Go's message for an unknown path. */
function createRefusal(routes: readonly Route[]): ListenerOptions['refuse'] {
  return (thrown, { path, headers }): Reply => {
    if (path.startsWith(`${LEGACY_PREFIX}/`)) {
      const error = thrown === undefined ? missingEndpoint(path.slice(LEGACY_PREFIX.length)) : visibleError(thrown);
      return legacyError(error, headers.accept);
    }
    if (path.startsWith(`${V1_PREFIX}/`)) {
      return thrown === undefined ? unanswered(path, methodsAt(routes, path)) : problemReply(visibleError(thrown), path);
    }
    const error = thrown === undefined ? notFound('404 page not found') : visibleError(thrown);
    return { status: statusOf(error), headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: `${error.message}\n` };
  };
}

/** Flux v1's errors for deprecated and unknown paths. */
function unknownName(path: string): string {
  const version = /^\/api\/flux\/(v[1-5])\//.exec(path)?.[1];
  return version === undefined ? 'NotFound' : `Deprecated:${version}`;
}

function missingEndpoint(path: string): FluxError {
  return /^\/v[1-5]\//.test(path) ? deprecatedEndpoint(path) : unknownEndpoint(path);
}

/** The error for a path of the new API without a route, or without one for the method. */
function unanswered(path: string, methods: readonly string[]): Reply {
  if (methods.length === 0) return problemReply(notFound('no such path'), path);
  const allow = methods.join(', ');
  const error = new FluxError('method not allowed', {
    code: 'api/method-not-allowed',
    fault: 'user',
    help: `Allowed methods: ${allow}.`,
  });
  const reply = problemReply(error, path);
  return { ...reply, headers: { ...reply.headers, Allow: allow } };
}

function notFound(message: string): FluxError {
  return new FluxError(message, {
    code: 'api/not-found',
    fault: 'missing',
    help: `See ${V1_PREFIX}/openapi.json for the available paths.`,
  });
}

import type { Socket } from 'node:net';
import { type Clock, FluxError, type Logger, systemClock } from '../base/index.ts';
import type { Daemon } from '../controller/index.ts';
import { healthRoutes, metricsRoute, type RenderMetrics } from './health.ts';
import { deprecatedEndpoint, LEGACY_PREFIX, legacyError, legacyRoutes, unknownEndpoint } from './legacy/index.ts';
import { type Answered, createListener, type HttpListener, type ListenerOptions } from './listener.ts';
import { createCertificate, type TlsFiles } from './network/certificate.ts';
import { createRights, type ReviewAccess } from './network/rights.ts';
import { openApiRoute } from './openapi/index.ts';
import { methodsAt, type Reply, type Route } from './route.ts';
import { statusOf, visibleError } from './status.ts';
import { problemReply, V1_PREFIX, v1Routes } from './v1/index.ts';

export interface ApiServerOptions {
  readonly daemon: Daemon;
  readonly log: Logger;
  /** Left out when metrics have a listener of their own. */
  readonly metrics?: RenderMetrics;
  /** Told of each request that was answered. */
  readonly onAnswer?: (answer: Answered) => void;
  /** Serves by TLS as well, to who has the right. */
  readonly tls?: TlsFiles & { readonly review: ReviewAccess };
  readonly clock?: Clock;
  /** The address of this machine that a connection came in on; tests pretend others. */
  readonly localAddressOf?: (socket: Socket) => string;
}

/** The daemon's HTTP API on `--listen`. */
export function createApiServer(options: ApiServerOptions): HttpListener {
  const { daemon, log, metrics, onAnswer, tls, clock = systemClock, localAddressOf } = options;
  const routes = [
    ...healthRoutes(daemon),
    ...(metrics === undefined ? [] : [metricsRoute(metrics, clock)]),
    ...legacyRoutes(daemon),
    ...v1Routes(daemon, clock),
  ];
  const all = [...routes, openApiRoute(routes)];
  return createListener({
    routes: all,
    refuse: createRefusal(all),
    log,
    clock,
    unknownName,
    ...(onAnswer ? { onAnswer } : {}),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            certificate: createCertificate({ files: tls, clock, log }),
            rights: createRights({ review: tls.review, clock }),
          },
        }),
    ...(localAddressOf === undefined ? {} : { localAddressOf }),
  });
}

/** Prometheus metrics alone, on `--listen-metrics`. */
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

/** Each API tells of errors in its own form; outside of them it is plain text, and Go's words for an unknown path. */
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

/** Flux v1's words for paths that it serves no more, and for those it never served. */
function unknownName(path: string): string {
  const version = /^\/api\/flux\/(v[1-5])\//.exec(path)?.[1];
  return version === undefined ? 'NotFound' : `Deprecated:${version}`;
}

function missingEndpoint(path: string): FluxError {
  return /^\/v[1-5]\//.test(path) ? deprecatedEndpoint(path) : unknownEndpoint(path);
}

/** A path of the new API that no route answers, or by other methods only. */
function unanswered(path: string, methods: readonly string[]): Reply {
  if (methods.length === 0) return problemReply(notFound('nothing is served at this path'), path);
  const allow = methods.join(', ');
  const error = new FluxError('this path is not served by that method', {
    code: 'api/method-not-allowed',
    fault: 'user',
    help: `It is by ${allow}.`,
  });
  const reply = problemReply(error, path);
  return { ...reply, headers: { ...reply.headers, Allow: allow } };
}

function notFound(message: string): FluxError {
  return new FluxError(message, {
    code: 'api/not-found',
    fault: 'missing',
    help: `${V1_PREFIX}/openapi.json describes what is served.`,
  });
}

import type { Socket } from 'node:net';
import { type Clock, type HttpTransport, type Logger, systemClock } from '../../base/index.ts';
import type { Daemon } from '../../controller/index.ts';
import { MAX_FROM_NETWORK } from '../connections.ts';
import { createListener, type HttpListener } from '../listener.ts';
import type { Reply } from '../route.ts';
import { statusOf, visibleError } from '../status.ts';
import type { Endpoints } from './endpoints.ts';
import { createGoogleKeys } from './google/google-keys.ts';
import { createIdentityVerifier } from './google/identity.ts';
import { hookRoute, plain, refusal, type WebhookMetrics } from './receive.ts';

export interface WebhookServerOptions {
  readonly endpoints: Endpoints;
  readonly daemon: Pick<Daemon, 'notify'>;
  readonly metrics: WebhookMetrics;
  /** For Google's keys, which are fetched only when a push of Google arrives. */
  readonly http: HttpTransport;
  /** Another address of these keys, for tests. */
  readonly googleKeysUrl?: string;
  readonly log: Logger;
  readonly clock?: Clock;
  /** The local address of a connection; tests override it. */
  readonly localAddressOf?: (socket: Socket) => string;
}

/** Bodies are read before their signature can be checked, so this bounds what unauthenticated callers can make us hold (S-076). */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** Only webhooks, on `--webhook-listen`; the probe is that of Flux v1's receiver. */
export function createWebhookServer({
  clock = systemClock,
  localAddressOf,
  http,
  googleKeysUrl,
  ...options
}: WebhookServerOptions): HttpListener {
  const keys = createGoogleKeys({ http, clock, ...(googleKeysUrl === undefined ? {} : { url: googleKeysUrl }) });
  return createListener({
    routes: [
      { methods: ['GET', 'HEAD'], path: '/health', access: 'public', handle: () => plain(200, 'OK') },
      hookRoute({ ...options, clock, verifyIdentity: createIdentityVerifier(keys, clock) }),
    ],
    refuse,
    log: options.log,
    clock,
    maxHeldBytes: MAX_HELD_BYTES,
    maxFromOneAddress: MAX_FROM_NETWORK,
    // For senders without signatures the digest is a password.
    shownPath: (path) => (path === '/health' ? path : '/hook/…'),
    ...(localAddressOf === undefined ? {} : { localAddressOf }),
  });
}

function refuse(thrown: unknown): Reply {
  if (thrown === undefined) return refusal();
  const error = visibleError(thrown);
  if (error.code === 'api/forbidden') return refusal();
  return plain(statusOf(error), error.message);
}

import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock, Logger } from '../../base/index.ts';
import type { Daemon } from '../../controller/index.ts';
import { checkContentType, decodeBody, parseJson } from '../body.ts';
import type { Reply, Route } from '../route.ts';
import { badRequest } from '../status.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import type { VerifyIdentity } from './google/identity.ts';
import type { News, WebhookSource } from './source.ts';
import { SOURCES, type SourceName } from './sources/index.ts';

/** `accepted`: triggers a check. `ignored`: irrelevant. `refused`: unknown URL or wrong signature. `malformed`: signed, but invalid. */
export type WebhookResult = 'accepted' | 'ignored' | 'refused' | 'malformed';

export interface WebhookMetrics {
  /** `unknown` if no endpoint has the URL. */
  webhook(source: SourceName | 'unknown', result: WebhookResult): void;
}

export interface ReceiveOptions {
  readonly endpoints: Endpoints;
  readonly daemon: Pick<Daemon, 'notify'>;
  readonly verifyIdentity: VerifyIdentity;
  readonly metrics: WebhookMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Body limit: a push of thousands of files names each of them; the next poll finds larger ones. */
const MAX_BYTES = 5 * 1024 * 1024;
/** Interval for logging rejected webhooks; the metrics count each one. */
const TELL_MS = 60_000;

/** `POST /hook/{digest}`: checks the signature first, then type, syntax and shape of the body, then notifies the daemon. */
export function hookRoute({ endpoints, daemon, verifyIdentity, metrics, clock, log }: ReceiveOptions): Route {
  /** Checked in place of a missing endpoint, so that both cases take the same time. */
  const decoy: Endpoint = {
    source: 'GitHub',
    keyPath: '',
    registryHost: '',
    key: randomBytes(32),
    digest: randomBytes(32),
  };
  const toldAt = new Map<string, number>();

  return {
    methods: ['POST'],
    path: '/hook/{digest}',
    access: 'signed',
    body: 'raw',
    maxBodyBytes: MAX_BYTES,
    async handle({ params, headers, bytes }) {
      const found = await endpoints.find(params.digest ?? '');
      const { source, key, identity, registryHost } = found ?? decoy;
      const isVerified = await SOURCES[source].verify({ headers, bytes }, { key, identity, verifyIdentity });
      if (!isVerified || !found) return refused(found);
      const news = readNews(source, { headers, bytes, registryHost });
      if (news === 'ping') return ignored(source, 'pong');
      if (news === 'other') return ignored(source, 'nothing to do: not a push of a branch or an image');
      // Notifies the daemon of all, in order; it only records the requests.
      const concern = await Promise.all(news.map((change) => daemon.notify(change)));
      if (!concern.includes(true)) return ignored(source, 'nothing to do: another repository or branch');
      metrics.webhook(source, 'accepted');
      log.debug({ source, news }, 'webhook accepted');
      return plain(202, 'accepted');
    },
  };

  function readNews(source: SourceName, verified: Verified): News {
    try {
      return read(SOURCES[source], verified);
    } catch (error) {
      metrics.webhook(source, 'malformed');
      throw error;
    }
  }

  function ignored(source: SourceName, why: string): Reply {
    metrics.webhook(source, 'ignored');
    log.debug({ source, why }, 'webhook ignored');
    return plain(200, why);
  }

  function refused(endpoint: Endpoint | undefined): Reply {
    metrics.webhook(endpoint?.source ?? 'unknown', 'refused');
    if (endpoint) tellRefusal(endpoint);
    return refusal();
  }

  function tellRefusal({ source, keyPath }: Endpoint): void {
    const now = clock.monotonic();
    if (now - (toldAt.get(keyPath) ?? Number.NEGATIVE_INFINITY) < TELL_MS) return;
    toldAt.set(keyPath, now);
    log.warn({ source, keyPath }, 'webhook rejected: signature does not match this key');
  }
}

/** The same response to an unknown URL and to a wrong signature, so that callers cannot distinguish them (S-081). */
export function refusal(): Reply {
  return plain(404, 'no webhook with this URL and signature');
}

export function plain(status: number, text: string): Reply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: `${text}\n` };
}

interface Verified {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Uint8Array;
  readonly registryHost: string;
}

function read(source: WebhookSource, { headers, bytes, registryHost }: Verified): News {
  const type = headers['content-type'];
  const isForm = source.sendsForms === true && /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type ?? '');
  const isOwnJson = source.mediaType?.test(type ?? '') === true;
  if (!isForm && !isOwnJson) checkContentType(type, 'json');
  const text = decodeBody(bytes);
  return source.read({ headers, registryHost, payload: parseJson(isForm ? payloadField(text) : text) });
}

function payloadField(form: string): string {
  const payload = new URLSearchParams(form).get('payload');
  if (payload === null) throw badRequest('the form has no field "payload"');
  return payload;
}

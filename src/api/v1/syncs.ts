import type { Clock } from '../../base/index.ts';
import type { Daemon, SyncReport } from '../../controller/index.ts';
import { audited } from '../audit.ts';
import { parseJson } from '../body.ts';
import type { Reply, Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { V1_PREFIX } from './prefix.ts';
import { syncReportToWire } from './sync-report.ts';
import { parseWaitMs } from './wait.ts';

/**
 * `POST /api/v1/syncs` requests a sync, and `POST /api/v1/syncs/override-window` one while the window of syncs is closed: a path of its
 * own, because it needs a right of its own. `GET /api/v1/syncs/{id}?wait=seconds` returns it, waiting up to that time for its
 * end.
 */
export function syncRoutes(daemon: Daemon, clock: Clock): readonly Route[] {
  return [
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/syncs`,
      access: 'authorized',
      body: 'json',
      async handle({ body, audit }) {
        if (body !== '') checkEmptyObject(parseJson(body));
        return syncReply(202, await audited(audit, { act: 'sync' }, () => daemon.startSync()));
      },
    },
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/syncs/override-window`,
      access: 'authorized',
      body: 'json',
      async handle({ body, audit }) {
        if (body !== '') checkEmptyObject(parseJson(body));
        const act = { act: 'sync', what: 'although the window of syncs is closed' } as const;
        return syncReply(202, await audited(audit, act, () => daemon.startSync({ overridesWindow: true })));
      },
    },
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/syncs/{id}`,
      access: 'authorized',
      waits: true,
      async handle({ params, query, signal }) {
        const id = params.id ?? '';
        const waitMs = parseWaitMs(query.get('wait'));
        if (waitMs > 0 && daemon.sync(id).state !== 'done') await within(waitMs, daemon.syncDone(id), clock, signal);
        return syncReply(200, daemon.sync(id));
      },
    },
  ];
}

/** Waits for the promise, until the timeout or until the client disconnects. */
async function within(ms: number, promise: Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const sleep = clock.sleep(ms, { signal: AbortSignal.any([signal, over.signal]) }).catch((error: unknown) => {
    if (!signal.aborted && !over.signal.aborted) throw error;
  });
  await Promise.race([promise, sleep]);
  over.abort();
}

/** A response with a sync; a 202 for a requested sync also has its Location. */
export function syncReply(status: 200 | 202, report: SyncReport): Reply {
  const location = status === 202 ? { Location: `${V1_PREFIX}/syncs/${encodeURIComponent(report.id)}` } : {};
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...location },
    body: JSON.stringify(syncReportToWire(report)),
  };
}

/** Syncs have no options yet; a client that sends some should get an error. */
function checkEmptyObject(value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0) return;
  throw badRequest('the body is not an empty object', { help: 'A sync has no options: send {} or nothing.' });
}

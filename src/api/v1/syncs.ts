import type { Clock } from '../../base/index.ts';
import type { Daemon, SyncReport } from '../../controller/index.ts';
import { parseJson } from '../body.ts';
import type { Reply, Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { syncReportToWire } from './sync-report.ts';

export const V1_PREFIX = '/api/v1';

const MAX_WAIT_S = 60;

/** `POST /api/v1/syncs` asks for a sync; `GET /api/v1/syncs/{id}?wait=seconds` tells of it, at the latest after that time. */
export function syncRoutes(daemon: Daemon, clock: Clock): readonly Route[] {
  return [
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/syncs`,
      door: 'local',
      body: 'json',
      handle({ body }) {
        if (body !== '') checkEmptyObject(parseJson(body));
        const report = daemon.startSync();
        return syncReply(202, report);
      },
    },
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/syncs/{id}`,
      door: 'local',
      async handle({ params, query, signal }) {
        const id = params.id ?? '';
        const waitMs = parseWaitMs(query.get('wait'));
        if (waitMs > 0 && daemon.sync(id).state !== 'done') await within(waitMs, daemon.syncDone(id), clock, signal);
        return syncReply(200, daemon.sync(id));
      },
    },
  ];
}

/** Waits for the promise, but no longer than that, and no longer than anybody listens. */
async function within(ms: number, promise: Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const sleep = clock.sleep(ms, { signal: AbortSignal.any([signal, over.signal]) }).catch((error: unknown) => {
    if (!signal.aborted && !over.signal.aborted) throw error;
  });
  await Promise.race([promise, sleep]);
  over.abort();
}

/** A sync as the answer; with 202, for one that was asked for, the place to look for it is named. */
export function syncReply(status: 200 | 202, report: SyncReport): Reply {
  const location = status === 202 ? { Location: `${V1_PREFIX}/syncs/${encodeURIComponent(report.id)}` } : {};
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...location },
    body: JSON.stringify(syncReportToWire(report)),
  };
}

function parseWaitMs(wait: string | null): number {
  if (wait === null) return 0;
  if (!/^\d{1,3}$/.test(wait) || Number(wait) > MAX_WAIT_S)
    throw badRequest(`wait ${JSON.stringify(wait.slice(0, 20))} is not a number of seconds up to ${MAX_WAIT_S}`);
  return Number(wait) * 1000;
}

/** There is nothing to choose yet; a client that believes otherwise should hear of it. */
function checkEmptyObject(value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0) return;
  throw badRequest('the body is not an empty object', { help: 'A sync has no options: send {} or nothing.' });
}

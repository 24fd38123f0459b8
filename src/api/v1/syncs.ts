import type { Clock } from '../../base/index.ts';
import type { Daemon, SyncReport } from '../../controller/index.ts';
import { parseJson } from '../body.ts';
import type { Reply, Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { V1_PREFIX } from './prefix.ts';
import { syncReportToWire } from './sync-report.ts';
import { parseWaitMs } from './wait.ts';

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

/** There is nothing to choose yet; a client that believes otherwise should hear of it. */
function checkEmptyObject(value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0) return;
  throw badRequest('the body is not an empty object', { help: 'A sync has no options: send {} or nothing.' });
}

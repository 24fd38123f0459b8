import { type Clock, redact } from '../../base/index.ts';
import { type Daemon, type Overview, overviewOf, type Trouble } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { OverviewWire, TroubleWire } from '../wire/index.ts';
import { V1_PREFIX } from './prefix.ts';

/** All who look get one answer, unless something happened meanwhile: made each second for 5,000 objects, it delays syncs. */
const SHARED_MS = 5_000;

/** `GET /api/v1/overview`: the sources at a glance, and what is wrong. */
export function overviewRoutes(daemon: Daemon, clock: Clock): readonly Route[] {
  let shared: { readonly body: Promise<string>; readonly until: number; readonly event: number } | undefined;
  const bodyNow = (): Promise<string> => {
    const event = daemon.events.last;
    if (!shared || shared.until <= clock.monotonic() || shared.event !== event)
      shared = { body: bodyOf(daemon), until: clock.monotonic() + SHARED_MS, event };
    return shared.body;
  };
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/overview`,
      access: 'authorized',
      handle: async () => ({ status: 200, headers: { 'Content-Type': 'application/json' }, body: await bodyNow() }),
    },
  ];
}

async function bodyOf(daemon: Daemon): Promise<string> {
  const { sources, troubles, omitted } = await overviewOf(daemon);
  const body: OverviewWire = {
    version: daemon.version(),
    sources: sources.map(sourceToWire),
    troubles: troubles.map(troubleToWire),
    omitted,
  };
  return JSON.stringify(body);
}

function sourceToWire({
  url,
  syncedAt,
  commit,
  health,
  ...others
}: Overview['sources'][number]): OverviewWire['sources'][number] {
  return {
    ...others,
    url: redact(url),
    ...(syncedAt === undefined ? {} : { syncedAt: rfc3339(syncedAt) }),
    ...(commit
      ? { commit: { subject: redact(commit.subject), author: commit.author.name, at: rfc3339(commit.committedAt) } }
      : {}),
    ...(health ? { health: { settled: health.settled, counts: health.counts } } : {}),
  };
}

function troubleToWire({ text, since, next, objects, ...others }: Trouble): TroubleWire {
  return {
    ...others,
    objects: [...objects],
    text: redact(text),
    ...(since === undefined ? {} : { since: rfc3339(since) }),
    ...(next ? { next: { text: redact(next.text), ...(next.at === undefined ? {} : { at: rfc3339(next.at) }) } } : {}),
  };
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}

import { type Clock, FluxError, goJson, redact } from '../../base/index.ts';
import { type Daemon, type LoggedEvent, summarizeEvent } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { EventWire } from '../wire/index.ts';
import { V1_PREFIX } from './prefix.ts';

/** Concurrent readers; each keeps a connection open. */
const MAX_READERS = 32;
/** Interval of comments, which keep proxies from closing an idle stream and reveal disconnected readers (advice of the HTML standard). */
const HEARTBEAT_MS = 15_000;
/** Maximum age of a stream. It is short from the network, so that clients reconnect with their token and revoked rights end (S-086). */
const LONGEST_MS = { fromNetwork: 30_000, local: 600_000 };
/** Events taken from memory at a time, so that a slow reader does not retain expired ones. */
const CHUNK = 50;

type Feed = Daemon['events'];

/**
 * `GET /api/v1/events`: a stream of server-sent events (HTML standard, 9.2). `Last-Event-ID` resumes where a reader stopped; without it
 * the stream starts now. An event `gap` reports that events are permanently missing. The stream of one of several sources has its events.
 */
export function eventRoutes(daemon: Daemon, clock: Clock): readonly Route[] {
  // Event numbers restart with each daemon process; this prefix identifies the process.
  const epoch = clock.now().toString(36);
  let readers = 0;
  async function* counted(pieces: AsyncIterable<string>): AsyncGenerator<string> {
    readers += 1;
    try {
      yield* pieces;
    } finally {
      readers -= 1;
    }
  }
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/events`,
      access: 'authorized',
      handle({ headers, session, signal }) {
        if (readers >= MAX_READERS) {
          throw new FluxError(`limit of ${MAX_READERS} event streams reached`, {
            code: 'events/too-many-readers',
            help: 'Close a stream, or retry later.',
            expected: true,
          });
        }
        const asked = headers['last-event-id'];
        const until = clock.monotonic() + (session.type === 'token' ? LONGEST_MS.fromNetwork : LONGEST_MS.local);
        const position = typeof asked === 'string' ? positionOf(asked, epoch) : daemon.events.last;
        return {
          status: 200,
          headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' },
          body: counted(follow(daemon.events, { epoch, sources: daemon.sources, position, until, clock, signal })),
        };
      },
    },
  ];
}

/** The number in an event id of this process; undefined for another process. */
function positionOf(id: string, epoch: string): number | undefined {
  const [, from, sequence] = /^([0-9a-z]{1,12})\.(\d{1,15})$/.exec(id) ?? [];
  return from === epoch ? Number(sequence) : undefined;
}

interface FollowOptions {
  readonly epoch: string;
  /** Whose events are sent. */
  readonly sources: readonly string[];
  /** The last event that the reader received; undefined if unknown. */
  readonly position: number | undefined;
  /** The deadline of the stream, by the clock. */
  readonly until: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

async function* follow(feed: Feed, { epoch, sources, position, until, clock, signal }: FollowOptions): AsyncGenerator<string> {
  yield 'retry: 3000\n\n';
  let at = position ?? 0;
  if (position === undefined || !feed.since(at).complete) {
    yield gap();
    at = Math.max(at, firstKnown(feed) - 1);
  }
  while (!signal.aborted && clock.monotonic() < until) {
    const { events, complete } = feed.since(at);
    // Too slow: the reader reconnects with its last id and learns of the gap.
    if (!complete) return;
    for (const logged of events.slice(0, CHUNK)) {
      if (logged.source === undefined || sources.includes(logged.source))
        yield `id: ${epoch}.${logged.sequence}\nevent: ${logged.event.type}\ndata: ${goJson(eventToWire(logged))}\n\n`;
      at = logged.sequence;
    }
    const waitMs = Math.min(HEARTBEAT_MS, until - clock.monotonic());
    if (events.length === 0 && (await isQuiet(feed, waitMs, clock, signal))) yield ': heartbeat\n\n';
  }
}

function gap(): string {
  const message = 'Earlier events have expired; see /api/v1/objects and /api/v1/history for the current state.';
  return `event: gap\ndata: ${JSON.stringify({ message })}\n\n`;
}

function firstKnown(feed: Feed): number {
  return feed.since(0).events[0]?.sequence ?? feed.last + 1;
}

/** Waits for the next event; resolves to true if none came in time. */
async function isQuiet(feed: Feed, waitMs: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const woken = new AbortController();
  const stop = feed.listen(() => woken.abort());
  try {
    await clock.sleep(waitMs, { signal: AbortSignal.any([signal, woken.signal]) });
    return true;
  } catch (error) {
    if (!woken.signal.aborted && !signal.aborted) throw error;
    return false;
  } finally {
    stop();
  }
}

function eventToWire({ sequence, event, source }: LoggedEvent): EventWire {
  const envelope = {
    id: sequence,
    ...(source === undefined ? {} : { source }),
    serviceIDs: event.objects,
    type: event.type,
    startedAt: new Date(event.startedAt).toISOString(),
    endedAt: new Date(event.endedAt).toISOString(),
    logLevel: event.type === 'deletions_held' || event.type === 'commit_refused' ? 'warn' : 'info',
    message: summarizeEvent(event),
    metadata: event.metadata,
  };
  return JSON.parse(JSON.stringify(envelope, (_, value: unknown) => (typeof value === 'string' ? redact(value) : value)));
}

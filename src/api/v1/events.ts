import { type Clock, FluxError, goJson, redact } from '../../base/index.ts';
import { type Daemon, type LoggedEvent, summarizeEvent } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { EventWire } from '../wire/index.ts';
import { V1_PREFIX } from './prefix.ts';

/** Readers at once; each is a connection that stays. */
const MAX_READERS = 32;
/** A comment this often keeps proxies from closing a quiet stream, and shows us a reader that is gone (the HTML standard's advice). */
const HEARTBEAT_MS = 15_000;
/** A stream ends then. From the network soon, for a client that comes back shows its token anew: rights that are taken away do not last (S-086). */
const LONGEST_MS = { fromNetwork: 30_000, local: 600_000 };
/** Events fetched from memory at a time, so that a slow reader does not hold on to what is forgotten. */
const CHUNK = 50;

type Feed = Daemon['events'];

/**
 * `GET /api/v1/events`: what happens, as server-sent events (HTML standard, 9.2). `Last-Event-ID` goes on where a reader stopped;
 * without it a stream begins now. When events were missed for good, an event `gap` says so.
 */
export function eventRoutes(daemon: Daemon, clock: Clock): readonly Route[] {
  // Numbers begin anew with each daemon; this tells those of another one.
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
      door: 'local',
      handle({ headers, local, signal }) {
        if (readers >= MAX_READERS) {
          throw new FluxError(`${MAX_READERS} clients read events already`, {
            code: 'events/too-many-readers',
            help: 'Close one of them, or try again later.',
            expected: true,
          });
        }
        const asked = headers['last-event-id'];
        const until = clock.monotonic() + (local ? LONGEST_MS.local : LONGEST_MS.fromNetwork);
        const position = typeof asked === 'string' ? positionOf(asked, epoch) : daemon.events.last;
        return {
          status: 200,
          headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' },
          body: counted(follow(daemon.events, { epoch, position, until, clock, signal })),
        };
      },
    },
  ];
}

/** The number in an id of ours; undefined for one of another daemon. */
function positionOf(id: string, epoch: string): number | undefined {
  const [, from, sequence] = /^([0-9a-z]{1,12})\.(\d{1,15})$/.exec(id) ?? [];
  return from === epoch ? Number(sequence) : undefined;
}

interface FollowOptions {
  readonly epoch: string;
  /** The last event that the reader has; undefined when nobody knows what it has missed. */
  readonly position: number | undefined;
  /** When the stream ends at the latest, by the clock. */
  readonly until: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

async function* follow(feed: Feed, { epoch, position, until, clock, signal }: FollowOptions): AsyncGenerator<string> {
  yield 'retry: 3000\n\n';
  let at = position ?? 0;
  if (position === undefined || !feed.since(at).complete) {
    yield gap();
    at = Math.max(at, firstKnown(feed) - 1);
  }
  while (!signal.aborted && clock.monotonic() < until) {
    const { events, complete } = feed.since(at);
    // Too slow: it comes back with the id of what it has, and is told what it missed.
    if (!complete) return;
    for (const logged of events.slice(0, CHUNK)) {
      yield `id: ${epoch}.${logged.sequence}\nevent: ${logged.event.type}\ndata: ${goJson(eventToWire(logged))}\n\n`;
      at = logged.sequence;
    }
    const waitMs = Math.min(HEARTBEAT_MS, until - clock.monotonic());
    if (events.length === 0 && (await isQuiet(feed, waitMs, clock, signal))) yield ': heartbeat\n\n';
  }
}

function gap(): string {
  const message = 'Events before this one are forgotten; see /api/v1/objects and /api/v1/history for where things stand.';
  return `event: gap\ndata: ${JSON.stringify({ message })}\n\n`;
}

function firstKnown(feed: Feed): number {
  return feed.since(0).events[0]?.sequence ?? feed.last + 1;
}

/** Waits for the next event; true when none came for so long. */
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

function eventToWire({ sequence, event }: LoggedEvent): EventWire {
  const envelope = {
    id: sequence,
    serviceIDs: event.objects,
    type: event.type,
    startedAt: new Date(event.startedAt).toISOString(),
    endedAt: new Date(event.endedAt).toISOString(),
    logLevel: event.type === 'deletions_held' ? 'warn' : 'info',
    message: summarizeEvent(event),
    metadata: event.metadata,
  };
  return JSON.parse(JSON.stringify(envelope, (_, value: unknown) => (typeof value === 'string' ? redact(value) : value)));
}

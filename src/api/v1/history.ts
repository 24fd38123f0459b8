import * as z from 'zod';
import { redact } from '../../base/index.ts';
import type { Daemon, HistoryEntry } from '../../controller/index.ts';
import { isRevision } from '../../repository/index.ts';
import type { Route } from '../route.ts';
import type { HistoryWire } from '../wire/index.ts';
import { formatCursor, parseCursor, parseLimit } from './paging.ts';
import { V1_PREFIX } from './prefix.ts';
import { errorToWire } from './sync-report.ts';

const positionSchema = z.union([
  z.object({ before: z.int().nonnegative() }),
  z.object({ commit: z.string().refine(isRevision) }),
]);

/** `GET /api/v1/history`: recent syncs, newest first, paginated. */
export function historyRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/history`,
      access: 'authorized',
      async handle({ query, signal }) {
        const from = parseCursor(query, positionSchema);
        const { entries, next, inMemory } = await daemon.history(
          { ...(from ? { from } : {}), limit: parseLimit(query) },
          { signal },
        );
        const body: HistoryWire = {
          syncs: entries.map(entryToWire),
          ...(next ? { next: formatCursor(next) } : {}),
          ...(inMemory ? { inMemory } : {}),
        };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}

function entryToWire(entry: HistoryEntry): HistoryWire['syncs'][number] {
  if (entry.kind === 'failed') {
    const { revision, startedAt, failure } = entry;
    const nothing = { counts: {}, changes: [], imageUpdates: [] };
    return { revision, startedAt: new Date(startedAt).toISOString(), ...nothing, failure: errorToWire(failure) };
  }
  const { revision, previous, startedAt, durationMs, daemon, counts, changes, imageUpdates, omitted, health } = entry.record;
  return {
    revision,
    ...(previous === undefined ? {} : { previous }),
    startedAt,
    durationMs,
    daemon,
    counts: { ...counts },
    changes: changes.map(({ reason, ...change }) => ({ ...change, ...(reason === undefined ? {} : { reason: redact(reason) }) })),
    imageUpdates: [...imageUpdates],
    ...(omitted === undefined ? {} : { omitted }),
    ...(health === undefined ? {} : { health: healthToWire(health) }),
  };
}

type Health = NonNullable<Extract<HistoryEntry, { readonly kind: 'synced' }>['record']['health']>;

function healthToWire(health: Health): NonNullable<HistoryWire['syncs'][number]['health']> {
  return Object.fromEntries(
    Object.entries(health).map(([id, { state, images, reason }]) => [
      id,
      { state, images: { ...images }, ...(reason === undefined ? {} : { reason: redact(reason) }) },
    ]),
  );
}

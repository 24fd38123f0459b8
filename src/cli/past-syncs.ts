import type { HistoryWire } from '../api/client/index.ts';
import { parseDuration } from '../base/index.ts';
import { usageError } from './errors.ts';

export type PastSync = HistoryWire['syncs'][number];

/** Which past syncs to show. */
export interface PastSyncFilter {
  /** In milliseconds since the epoch: syncs since then, and the one before, which was in force at that time. */
  readonly since?: number;
  /** Id of an object. */
  readonly object?: string;
  /** Name of an image, or its end: `cart`, `acme/cart` or `acme/cart:1.3`. */
  readonly image?: string;
}

/** `2026-12-01T14:02:00Z`, or a duration that has passed since. */
export function parseSince(text: string, now: number): number {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : now - durationOf(text);
  if (Number.isFinite(time)) return time;
  throw usageError(`invalid argument ${JSON.stringify(text)} for "--since" flag: it must be a time or a duration`);
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN;
  }
}

/** The syncs that a filter asks for; they and the result are newest first. */
export function filterSyncs(syncs: readonly PastSync[], { since, object, image }: PastSyncFilter): readonly PastSync[] {
  const concerned = syncs.filter(
    (sync) => (object === undefined || concerns(sync, object)) && (image === undefined || hasImage(sync, image)),
  );
  if (since === undefined) return concerned;
  const before = concerned.findIndex(({ startedAt }) => Date.parse(startedAt) < since);
  return before < 0 ? concerned : concerned.slice(0, before + 1);
}

function concerns({ changes, imageUpdates, health = {} }: PastSync, object: string): boolean {
  return (
    changes.some(({ id }) => id === object) ||
    imageUpdates.some(({ workload }) => workload === object) ||
    Object.hasOwn(health, object)
  );
}

function hasImage({ imageUpdates, health = {} }: PastSync, image: string): boolean {
  const images = [
    ...imageUpdates.flatMap(({ from, to }) => [from, to]),
    ...Object.values(health).flatMap((workload) => Object.values(workload.images)),
  ];
  return images.some((each) => isImage(each, image));
}

/** Whether a reference is meant by a name, which may leave out registry, tag and digest. */
export function isImage(reference: string, name: string): boolean {
  const full = `/${reference}`;
  return [full, full.replace(/@.*$/, ''), full.replace(/@.*$/, '').replace(/:[^/:]*$/, '')].some((each) =>
    each.endsWith(`/${name}`),
  );
}

/** What became of one object in a sync: `configured cart.yaml:1; cart acme/cart:1.3, healthy`. */
export function objectText({ changes, health = {} }: PastSync, object: string): string {
  const change = changes.find(({ id }) => id === object);
  const known = Object.hasOwn(health, object) ? health[object] : undefined;
  return [
    ...(change ? [[change.outcome, change.place, change.reason].filter((part) => part !== undefined).join(' ')] : []),
    ...(known
      ? [
          `${Object.entries(known.images)
            .map(([name, image]) => `${name} ${image}`)
            .join(', ')}, ${known.state}`,
        ]
      : []),
  ].join('; ');
}

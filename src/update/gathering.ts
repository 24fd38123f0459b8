import { formatImageRef, type ImageOrigin, type ImageRef } from '../image/index.ts';
import type { ResourceId } from '../resource/index.ts';
import { containerKey } from './container-key.ts';

/** An update that automation has found, whether or not it may be committed now. */
export interface FoundUpdate {
  readonly workload: ResourceId;
  readonly container: string;
  readonly target: ImageRef;
  /** What the target was built from; undefined if its metadata has not been read. */
  readonly origin: ImageOrigin | undefined;
  /** Whether a window or a freeze keeps it from being committed now. */
  readonly scheduled: boolean;
}

/** A found update with its times, in milliseconds since the epoch. */
export interface PendingUpdate extends FoundUpdate {
  /** When an update of the container was found first, to whichever image. */
  readonly since: number;
  /** When this one was found first. */
  readonly cameAt: number;
  /** Whether an earlier look gave it to be committed, and it is still here. */
  readonly tried: boolean;
}

/** How long updates wait for each other. */
export interface GatherTimes {
  /** They are committed when none has come for so long, … */
  readonly quietMs: number;
  /** … or when the oldest has waited for so long. */
  readonly maxMs: number;
}

/** When updates have been gathered. */
export interface Gathering {
  /** In milliseconds since the epoch; undefined for an update that is not being gathered. */
  ripeAt(update: Pick<FoundUpdate, 'workload' | 'container' | 'target'>): number | undefined;
}

/** The last look of automation. */
export interface Look {
  readonly pending: readonly PendingUpdate[];
  readonly gathering: Gathering;
  /** In milliseconds since the epoch. */
  readonly at: number;
}

/** What a look finds, with the times of what the look before found. */
export function lookAgain(before: Look | undefined, found: readonly FoundUpdate[], now: number, times: GatherTimes): Look {
  const pending = pendingAfter(before, found, now);
  return { pending, gathering: gather(pending, times), at: now };
}

function pendingAfter(before: Look | undefined, found: readonly FoundUpdate[], now: number): readonly PendingUpdate[] {
  const known = new Map(before?.pending.map((each) => [containerKey(each), each]));
  return found.map((update) => {
    const earlier = known.get(containerKey(update));
    const isSame = earlier !== undefined && formatImageRef(earlier.target) === formatImageRef(update.target);
    // The clock may have been set back.
    const since = Math.min(earlier?.since ?? now, now);
    return isSame
      ? { ...update, since, cameAt: Math.min(earlier.cameAt, now), tried: earlier.tried || wasRipe(earlier, before) }
      : { ...update, since, cameAt: now, tried: false };
  });
}

function wasRipe(update: PendingUpdate, look: Look | undefined): boolean {
  const ripeAt = look?.gathering.ripeAt(update);
  return look !== undefined && ripeAt !== undefined && ripeAt <= look.at && !update.scheduled;
}

/**
 * When the pending updates are ripe: all when none has come for the quiet time; and when the oldest has waited for the maximum, each
 * group whose own last came that long ago, or whose own oldest has waited for the maximum. A group is ripe as a whole. Those that wait
 * for a window, or were tried before, may be old: nothing else waits for them, or is hurried by them.
 */
export function gather(pending: readonly PendingUpdate[], { quietMs, maxMs }: GatherTimes): Gathering {
  const all = spanOf(pending.filter(isComing));
  const byKey = new Map<string, { readonly target: string; readonly ripeAt: number }>();
  for (const group of groupsOf(pending)) {
    const free = group.filter(({ scheduled }) => !scheduled);
    const own = spanOf(free.length > 0 ? free : group);
    const shared = group.some(isComing) ? all : own;
    const quietAt = Math.min(shared.lastAt + quietMs, Math.max(shared.since + maxMs, own.lastAt + quietMs));
    const ripeAt = Math.min(quietAt, own.since + maxMs);
    for (const update of group) byKey.set(containerKey(update), { target: formatImageRef(update.target), ripeAt });
  }
  return {
    ripeAt(update) {
      const found = byKey.get(containerKey(update));
      return found?.target === formatImageRef(update.target) ? found.ripeAt : undefined;
    },
  };
}

function isComing({ scheduled, tried }: PendingUpdate): boolean {
  return !scheduled && !tried;
}

/** An update whose image has not been read may belong to any group, so it counts as one that is still coming. */
function spanOf(pending: readonly PendingUpdate[]): { readonly since: number; readonly lastAt: number } {
  let [since, lastAt] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const update of pending) {
    since = Math.min(since, update.since);
    lastAt = Math.max(lastAt, update.origin === undefined ? Number.POSITIVE_INFINITY : update.cameAt);
  }
  return { since, lastAt };
}

/** Updates that belong together: of one workload, or of images built from one revision; and those that these connect. */
export function groupsOf(pending: readonly PendingUpdate[]): readonly (readonly PendingUpdate[])[] {
  const bonds = [...Map.groupBy(pending, ({ workload }) => workload).values(), ...sameRevisions(pending)];
  const groups = new Map<PendingUpdate, PendingUpdate[]>(pending.map((update) => [update, [update]]));
  for (const [first, ...others] of bonds) {
    for (const other of others) {
      const [one, two] = [first && groups.get(first), groups.get(other)];
      if (!one || !two || one === two) continue;
      const [large, small] = one.length < two.length ? [two, one] : [one, two];
      large.push(...small);
      for (const update of small) groups.set(update, large);
    }
  }
  return [...new Set(groups.values())];
}

/** Images of one revision; of one source too, if all of them say where it is. */
function sameRevisions(pending: readonly PendingUpdate[]): readonly (readonly PendingUpdate[])[] {
  const known = pending.filter(({ origin }) => origin?.revision !== undefined);
  return [...Map.groupBy(known, ({ origin }) => origin?.revision).values()].flatMap((same) =>
    same.every(({ origin }) => origin?.source !== undefined)
      ? [...Map.groupBy(same, ({ origin }) => origin?.source).values()]
      : [same],
  );
}

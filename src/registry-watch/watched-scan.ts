import pLimit from 'p-limit';
import { type Clock, type Logger, messageOf } from '../base/index.ts';
import type { ImageCache } from './cache/image-cache.ts';
import { createOneForAll } from './cache/one-for-all.ts';
import type { Restoring } from './restoring.ts';
import type { Scan } from './scan.ts';
import { askForNew } from './wanted-tags.ts';
import type { Watched } from './watched.ts';

export interface WatchedScanOptions {
  readonly scan: Scan;
  /** From the end of one scan of a repository to the next, in milliseconds. */
  readonly intervalMs: number;
  /** What outlasts a restart; undefined for nothing. */
  readonly memory: { readonly cache: ImageCache; readonly restoring: Restoring } | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onNewTags: (name: string) => void;
  /** Source of jitter in [0, 1). */
  readonly random: () => number;
}

/**
 * Scans a watched repository, or takes over what another daemon has found; says when it is to be scanned next, and remembers it. Throws only
 * when the repository is gone. `isAsked`: a person or a notice asks for it.
 */
export type WatchedScan = (entry: Watched, isAsked: boolean) => Promise<void>;

/** Of an idle repository at a host that limits requests: its interval doubles with each scan that finds nothing, up to this. */
const LONGEST_QUIET_INTERVAL_MS = 3_600_000;

export function createWatchedScan(options: WatchedScanOptions): WatchedScan {
  const { scan, intervalMs, memory, clock, log, onNewTags, random } = options;
  const oneForAll = memory?.cache.isShared ? createOneForAll(memory.cache, { clock, intervalMs }) : undefined;
  const inBackground = pLimit(2);

  const scanOrAdopt = async ({ target, state, gone, isUnfinished }: Watched, isAsked: boolean) => {
    const { name, inUse = [] } = target;
    const run = { isAsked, signal: gone.signal };
    const next = isAsked || isUnfinished ? undefined : await oneForAll?.next({ name, state }, inUse);
    gone.signal.throwIfAborted();
    if (next?.kind === 'wait') return { waitMs: next.ms };
    if (next?.kind !== 'adopt') return { ...(await scan.run(state, target, run)), nextAt: undefined };
    const { header, nextAt } = next.scan;
    const { tags: before, scannedAt } = state;
    const isNew = state.adopt(next.scan, header.checked);
    if (scannedAt !== undefined) askForNew(state, target, before);
    memory?.cache.adopted(state, next.scan);
    const { news, unfinished, notBefore } = await scan.complete(state, target, run);
    return { news: isNew || news, unfinished, notBefore, postponed: undefined, nextAt };
  };

  const noteList = (entry: Watched): void => {
    const now = clock.monotonic();
    if (entry.listedAt !== undefined) entry.intervalMs = now - entry.listedAt;
    entry.listedAt = now;
  };

  const intervalOf = ({ target, state, quiet }: Watched): number => {
    if (target.isIdle !== true || scan.spending(state, target).budget === undefined) return intervalMs;
    return Math.max(intervalMs, Math.min(intervalMs * 2 ** Math.min(quiet, 20), LONGEST_QUIET_INTERVAL_MS));
  };

  const remember = ({ target: { name }, state, gone, nextAt }: Watched): void => {
    if (!gone.signal.aborted) memory?.cache.save({ name, state, nextAt });
  };

  const fillIn = (entry: Watched): Promise<void> =>
    inBackground(() => scan.fillIn(entry.state, entry.target, entry.gone.signal))
      .catch((error: unknown) => {
        if (!entry.gone.signal.aborted)
          log.error({ image: entry.target.name, err: messageOf(error) }, 'reading image dates failed');
      })
      .finally(() => {
        entry.filling = undefined;
        remember(entry);
      });

  return async (entry, isAsked) => {
    const { state, gone } = entry;
    const dueAt = Math.min(entry.nextAt, clock.monotonic());
    entry.nextAt = clock.monotonic() + intervalMs;
    await memory?.restoring.late(entry);
    const { scannedAt } = state;
    const outcome = await scanOrAdopt(entry, isAsked);
    if ('waitMs' in outcome) {
      entry.nextAt = clock.monotonic() + outcome.waitMs;
      return;
    }
    const { news, notBefore, unfinished, postponed } = outcome;
    entry.heldUntil = notBefore;
    if (postponed) {
      // It keeps its turn.
      entry.nextAt = dueAt;
      return;
    }
    if (state.scannedAt !== scannedAt) noteList(entry);
    entry.quiet = news || isAsked ? 0 : entry.quiet + 1;
    entry.isUnfinished = unfinished;
    const nextAt = outcome.nextAt ?? clock.monotonic() + intervalOf(entry) * (0.9 + random() / 5);
    entry.nextAt = unfinished ? clock.monotonic() : nextAt;
    remember(entry);
    if (news && !gone.signal.aborted) onNewTags(entry.target.name);
    entry.filling ??= fillIn(entry);
  };
}

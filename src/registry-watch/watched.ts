import type { ImageTarget } from '../image/index.ts';
import type { RepositoryState } from './repository.ts';
import { hostOf } from './repository-name.ts';

/** A repository that is watched, and when it is scanned. Times are of the monotonic clock. */
export interface Watched {
  readonly host: string;
  target: ImageTarget;
  readonly state: RepositoryState;
  readonly gone: AbortController;
  /** When the next scan is due, and until when it is postponed, because the budget of its host must last. */
  nextAt: number;
  heldUntil: number;
  /** When the last list was read, and the time from the one before to it. */
  listedAt: number | undefined;
  intervalMs: number | undefined;
  /** Scans in a row that found nothing new. */
  quiet: number;
  /** Whether the last scan left something for the next one, which follows at once. */
  isUnfinished: boolean;
  /** What is remembered is being read: scans come afterwards. */
  restoring: Promise<void> | undefined;
  /** The running scan, and the one queued behind it. */
  running: Promise<void> | undefined;
  queued: Promise<void> | undefined;
  /** The background read of metadata for listings. */
  filling: Promise<void> | undefined;
}

/** Whether it waits for its next scan. */
export function isWaiting({ running, restoring }: Watched): boolean {
  return running === undefined && restoring === undefined;
}

/** A repository that is due at once. */
export function newlyWatched(target: ImageTarget, state: RepositoryState): Watched {
  return {
    host: hostOf(target.name),
    target,
    state,
    gone: new AbortController(),
    nextAt: 0,
    heldUntil: 0,
    listedAt: undefined,
    intervalMs: undefined,
    quiet: 0,
    isUnfinished: false,
    restoring: undefined,
    running: undefined,
    queued: undefined,
    filling: undefined,
  };
}

/** Whether the target needs metadata that has not been requested yet. */
export function wantsMore({ target: { needsTimes, inUse = [] }, state }: Watched): boolean {
  if (state.scannedAt === undefined) return false;
  const running = new Set(inUse);
  const isNeeded = (tag: string) => running.has(tag) || state.asked.has(tag) || needsTimes?.(tag) === true;
  return state.tags.some((tag) => !state.checks.has(tag) && isNeeded(tag));
}

import type { Clock } from '../../base/index.ts';
import { suspicionOf } from '../suspect.ts';
import type { AnotherScan, Cached, ImageCache } from './image-cache.ts';

/** What to do when a repository is due that other daemons scan as well. */
export type NextScan =
  | { readonly kind: 'scan' }
  /** Another daemon has scanned it. */
  | { readonly kind: 'adopt'; readonly scan: AnotherScan }
  /** Another daemon is about to. */
  | { readonly kind: 'wait'; readonly ms: number };

export interface OneForAll {
  /** `inUse` are the tags of running and wanted images. */
  next(repository: Cached, inUse: readonly string[]): Promise<NextScan>;
}

/** A claim ends after this time, also if its daemon has ended. */
const LONGEST_CLAIM_MS = 30_000;
const LOOK_AGAIN_MS = 2_000;

/** Lets one of several daemons scan each repository; the others wait for it no longer than its claim lasts. */
export function createOneForAll(
  cache: ImageCache,
  { clock, intervalMs }: { readonly clock: Clock; readonly intervalMs: number },
): OneForAll {
  const claimMs = Math.min(LONGEST_CLAIM_MS, intervalMs / 2);
  const waiting = new Map<string, number>();
  return {
    async next({ name, state }, inUse) {
      const scan = await cache.scanOfAnother({ name, state });
      const { tags: before, suspect } = state;
      const now = clock.monotonic();
      // A list that lacks tags which it should have is for this daemon to judge, by scans of its own.
      if (scan && suspicionOf({ before, after: scan.tags, inUse, suspect, now, intervalMs }) === undefined) {
        waiting.delete(name);
        return { kind: 'adopt', scan };
      }
      const since = waiting.get(name) ?? now;
      if (now - since >= claimMs || (await cache.mayScan(name, claimMs))) {
        waiting.delete(name);
        return { kind: 'scan' };
      }
      waiting.set(name, since);
      return { kind: 'wait', ms: Math.min(LOOK_AGAIN_MS, claimMs / 2) };
    },
  };
}

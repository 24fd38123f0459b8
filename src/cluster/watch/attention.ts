import type { Clock } from '../../base/index.ts';
import type { LiveObject } from '../object/live.ts';
import { decide } from '../plan/decide.ts';
import { nextTruceEnd } from '../plan/fight.ts';
import type { SyncSet } from '../plan/sync-set.ts';

export interface AttentionOptions {
  readonly clock: Clock;
  readonly manager: string;
  readonly sets: () => Iterable<SyncSet>;
  /** Called when a sync would have something to do that nobody asked for. */
  readonly onDrift: () => void;
}

/** What a watch says of one object: as it is now, or undefined when it is gone. */
export interface Seen {
  readonly key: string;
  readonly live: LiveObject | undefined;
}

/** Decides which changes in the cluster call for a sync, and when a fight over an object is due again. */
export interface Attention {
  changed(seen: Seen): void;
  /** Asks for a sync, at once or as soon as the last question is a while ago. */
  ask(): void;
  /** Holds back while our own writes are under way: their echoes are judged when it is known what they did. */
  during<T>(work: () => Promise<T>): Promise<T>;
  close(): void;
}

/** Syncs that nobody asked for are this far apart: drift is put right within two seconds, and no stream of events keeps us busy. */
const APART_MS = 1_000;

export function createAttention({ clock, manager, sets, onDrift }: AttentionOptions): Attention {
  const closing = new AbortController();
  const heldBack = new Map<string, Seen>();
  let busy = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  let alarm: { readonly at: number; readonly stop: AbortController } | undefined;

  function isDrift({ key, live }: Seen): boolean {
    for (const set of sets()) {
      const wanted = set.targets.get(key);
      if (!wanted) continue;
      const { checksum } = wanted.target.manifest;
      // What was refused is refused again, whatever somebody writes to the object; a sync tries it in its time.
      if (live && set.refused.get(key) === checksum) continue;
      const { action } = decide({
        checksum,
        mark: wanted.mark,
        live,
        known: set.inventory.get(key),
        fight: set.fights.get(key),
        manager,
        now: clock.monotonic(),
      });
      if (action === 'create' || action === 'change') return true;
    }
    return false;
  }

  function ask(): void {
    const now = clock.monotonic();
    if (now - askedAt < APART_MS) {
      wakeAt(askedAt + APART_MS);
      return;
    }
    askedAt = now;
    onDrift();
  }

  /** Asks at that time, unless it asks sooner. */
  function wakeAt(at: number): void {
    if (closing.signal.aborted || (alarm && alarm.at <= at)) return;
    alarm?.stop.abort();
    const stop = new AbortController();
    alarm = { at, stop };
    clock.sleep(Math.max(0, at - clock.monotonic()), { signal: AbortSignal.any([stop.signal, closing.signal]) }).then(
      () => {
        alarm = undefined;
        ask();
      },
      // Another alarm took its place.
      () => undefined,
    );
  }

  return {
    ask,
    changed(seen) {
      if (busy > 0) heldBack.set(seen.key, seen);
      else if (isDrift(seen)) ask();
    },
    async during(work) {
      busy += 1;
      try {
        return await work();
      } finally {
        busy -= 1;
        if (busy === 0) {
          const seen = [...heldBack.values()];
          heldBack.clear();
          if (seen.some(isDrift)) ask();
          const at = nextTruceEnd(sets(), clock.monotonic());
          if (at !== undefined) wakeAt(at);
        }
      }
    },
    close() {
      closing.abort();
    },
  };
}

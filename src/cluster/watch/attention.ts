import type { Clock } from '../../base/index.ts';
import type { LiveObject } from '../object/live.ts';
import { decide } from '../plan/decide.ts';
import { nextTruceEnd } from '../plan/fight.ts';
import { leftToAnother } from '../plan/left-to-another.ts';
import type { SyncSet } from '../plan/sync-set.ts';

export interface AttentionOptions {
  readonly clock: Clock;
  readonly manager: string;
  /** The sync sets of all sources; each hears of its own drift. */
  readonly sets: () => readonly SyncSet[];
}

/** An event for one object: its current state, or undefined if it was deleted. */
export interface Seen {
  readonly key: string;
  readonly live: LiveObject | undefined;
}

/** Decides which changes in the cluster require a sync, and when a contested object is due again. */
export interface Attention {
  changed(seen: Seen): void;
  /** Requests a sync of these sets, at once or after the minimum interval. */
  ask(concerned: readonly SyncSet[]): void;
  /** Defers decisions about a set during its own writes: their echoes are evaluated when their results are known. */
  during<T>(set: SyncSet, work: () => Promise<T>): Promise<T>;
  close(): void;
}

/** Minimum interval of syncs because of drift: it is corrected within two seconds, and a stream of events does not overload us. */
const APART_MS = 1_000;

export function createAttention({ clock, manager, sets }: AttentionOptions): Attention {
  const closing = new AbortController();
  /** The last event of each object during the writes of a set, by object key. */
  const heldBack = new Map<SyncSet, Map<string, Seen>>();
  /** The sets that wait for the minimum interval. */
  const due = new Set<SyncSet>();
  let askedAt = Number.NEGATIVE_INFINITY;
  let alarm: { readonly at: number; readonly stop: AbortController } | undefined;

  function isDrift(set: SyncSet, { key, live }: Seen): boolean {
    const wanted = set.targets.get(key);
    // What is applied after others stays as it is until they are.
    if (!wanted || set.waiting.has(key)) return false;
    const { checksum } = wanted.target.manifest;
    // A rejected object would be rejected again; only regular syncs retry it.
    if (live && set.refused.get(key) === checksum) return false;
    const { action } = decide({
      checksum,
      mark: wanted.mark,
      live,
      leftToAnother: leftToAnother({ id: wanted.target.id, key, live, mark: wanted.mark }, set, sets()),
      later: set.maybeApplied && (set.maybeApplied.get(key) ?? ''),
      known: set.inventory.get(key),
      fight: set.fights.get(key),
      manager,
      now: clock.monotonic(),
    });
    return action === 'create' || action === 'change';
  }

  function ask(concerned: readonly SyncSet[]): void {
    if (concerned.length === 0) return;
    for (const set of concerned) due.add(set);
    const now = clock.monotonic();
    if (now - askedAt < APART_MS) {
      wakeAt(askedAt + APART_MS);
      return;
    }
    askedAt = now;
    const asked = [...due];
    due.clear();
    for (const { source } of asked) source.onDrift();
  }

  /** Requests a sync at that time, unless it happens sooner. */
  function wakeAt(at: number): void {
    if (closing.signal.aborted || (alarm && alarm.at <= at)) return;
    alarm?.stop.abort();
    const stop = new AbortController();
    alarm = { at, stop };
    clock.sleep(Math.max(0, at - clock.monotonic()), { signal: AbortSignal.any([stop.signal, closing.signal]) }).then(
      () => {
        alarm = undefined;
        ask(sets().filter((set) => due.has(set) || set.fights.size > 0));
      },
      // Another alarm replaced it.
      () => undefined,
    );
  }

  return {
    ask,
    changed(seen) {
      for (const set of sets()) {
        const held = heldBack.get(set);
        if (held) held.set(seen.key, seen);
        else if (isDrift(set, seen)) ask([set]);
      }
    },
    async during(set, work) {
      const held = new Map<string, Seen>();
      heldBack.set(set, held);
      try {
        return await work();
      } finally {
        heldBack.delete(set);
        if ([...held.values()].some((seen) => isDrift(set, seen))) ask([set]);
        const at = nextTruceEnd(sets(), clock.monotonic());
        if (at !== undefined) wakeAt(at);
      }
    },
    close() {
      closing.abort();
    },
  };
}

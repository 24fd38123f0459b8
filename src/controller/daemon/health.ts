import { type Cancellable, type Clock, FluxError } from '../../base/index.ts';
import { type Change, countStates, isApplied, type ObjectHealth } from '../../change/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { Cluster, HealthWatch } from '../ports/cluster.ts';
import type { SyncOutcome } from '../sync/sync-outcome.ts';
import type { HealthReport } from './daemon.ts';

/** The health of applied objects, for waiting clients. */
export interface Health {
  /** Sets the changes of the last sync. */
  synced(outcome: SyncOutcome): void;
  /**
   * Waits up to the given time for all objects to settle.
   * @throws FluxError `health/no-sync` before the end of the first sync.
   */
  report(options: Cancellable & { readonly waitMs: number }): Promise<HealthReport>;
  close(): void;
}

/** How long the watch stays open after the last query, so that repeated queries reuse it. */
const LINGER_MS = 30_000;

interface Synced {
  readonly revision: Revision;
  readonly changes: readonly Change[];
  /** What waits for the health of others. */
  readonly waiting: readonly Change[];
  /** The health of objects that the sync left as they were, at its end; empty if no one looked. */
  readonly before: ReadonlyMap<ResourceId, ObjectHealth>;
}

/**
 * One watch of the cluster serves all waiting clients, and follows from sync to sync. It is opened by the first query and closed a while
 * after the last.
 */
export function createHealth({
  cluster,
  clock,
}: {
  readonly cluster: Pick<Cluster, 'watchHealth'>;
  readonly clock: Clock;
}): Health {
  let synced: Synced | undefined;
  let watch: HealthWatch | undefined;
  let waiting = 0;
  let news = Promise.withResolvers<void>();
  let lingering: AbortController | undefined;

  function notify(): void {
    news.resolve();
    news = Promise.withResolvers();
  }

  function open({ changes }: Synced): HealthWatch {
    watch ??= cluster.watchHealth(changes, notify);
    return watch;
  }

  function close(): void {
    watch?.close();
    watch = undefined;
  }

  function whatIsSynced(): Synced {
    if (synced) return synced;
    throw new FluxError('nothing has been synced yet', {
      code: 'health/no-sync',
      fault: 'missing',
      help: 'Health is available after the first sync since the start of the daemon. Request a sync first.',
    });
  }

  /** Waits until the watched objects have settled, or the signal aborts. */
  async function settled(signal: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    const onAbort = () => over.resolve();
    signal.addEventListener('abort', onAbort);
    while (synced && !signal.aborted && !isSettled(synced, open(synced))) await Promise.race([news.promise, over.promise]);
    signal.removeEventListener('abort', onAbort);
  }

  function linger(): void {
    lingering = new AbortController();
    clock.sleep(LINGER_MS, { signal: lingering.signal }).then(close, () => undefined);
  }

  /** A watch of the next sync needs a moment for its first look; what the sync did not change is meanwhile as it was. */
  function healthBefore(applied: readonly Change[]): ReadonlyMap<ResourceId, ObjectHealth> {
    if (!synced || !watch) return new Map();
    const unchanged = new Set(applied.filter(({ outcome }) => outcome === 'unchanged').map(({ id }) => id));
    return new Map(statesOf(synced, watch).flatMap((each) => (unchanged.has(each.id) && !each.unread ? [[each.id, each]] : [])));
  }

  return {
    synced({ revision, changes }) {
      // What the sync left in the cluster; the rest is kept out of memory.
      const applied = changes.filter(isApplied);
      const before = healthBefore(applied);
      synced = { revision, changes: applied, waiting: changes.filter(({ waitsFor }) => waitsFor?.forHealth), before };
      close();
      notify();
    },

    async report({ waitMs, signal }) {
      whatIsSynced();
      lingering?.abort();
      waiting += 1;
      try {
        using deadline = clock.deadline(waitMs, signal);
        if (waitMs > 0) await settled(deadline.signal);
        const now = whatIsSynced();
        return reportOf(now, open(now));
      } finally {
        waiting -= 1;
        if (waiting === 0) linger();
      }
    },

    close() {
      lingering?.abort();
      synced = undefined;
      close();
      notify();
    },
  };
}

function reportOf(synced: Synced, watch: HealthWatch): HealthReport {
  const states = [...statesOf(synced, watch), ...healthOfWaiting(synced, watch)];
  return {
    revision: synced.revision,
    settled: isSettled(synced, watch),
    counts: countStates(states),
    objects: states.filter(({ state }) => state !== 'current'),
  };
}

/** What the watch has not read yet is as it was before the sync, if that is known. */
function statesOf({ before }: Synced, watch: HealthWatch): readonly ObjectHealth[] {
  return watch.states().map((each) => (each.unread ? (before.get(each.id) ?? each) : each));
}

/** While all others are healthy, what waits for them is applied next. What waits for one that failed needs a change. */
function healthOfWaiting({ waiting }: Synced, watch: HealthWatch): readonly ObjectHealth[] {
  if (waiting.length === 0) return [];
  const state = watch.settled() && watch.states().some((each) => each.state !== 'current') ? 'failed' : 'inProgress';
  return waiting.map(({ id, reason = '' }) => ({ id, state, message: reason }));
}

function isSettled(synced: Synced, watch: HealthWatch): boolean {
  return watch.settled() && !healthOfWaiting(synced, watch).some(({ state }) => state === 'inProgress');
}

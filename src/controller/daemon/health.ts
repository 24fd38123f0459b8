import { type Cancellable, type Clock, FluxError } from '../../base/index.ts';
import { type Change, countStates, isApplied } from '../../change/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { Cluster, HealthWatch } from '../ports/cluster.ts';
import type { SyncOutcome } from '../sync/sync.ts';
import type { HealthReport } from './daemon.ts';

/** The health of what is applied, for those who wait for it. */
export interface Health {
  /** From now on this is what is applied. */
  synced(outcome: SyncOutcome): void;
  /**
   * Answers when everything is settled, at the latest after that time.
   * @throws FluxError `health/no-sync` before the first sync has ended.
   */
  report(options: Cancellable & { readonly waitMs: number }): Promise<HealthReport>;
  close(): void;
}

/** The cluster is watched for as long after the last question, so that somebody who asks again starts nothing anew. */
const LINGER_MS = 30_000;

interface Synced {
  readonly revision: Revision;
  readonly changes: readonly Change[];
}

/**
 * One watch of the cluster serves everybody who waits, and follows from sync to sync. It is opened by the first question and closed
 * a while after the last.
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

  function tell(): void {
    news.resolve();
    news = Promise.withResolvers();
  }

  function open({ changes }: Synced): HealthWatch {
    watch ??= cluster.watchHealth(changes, tell);
    return watch;
  }

  function close(): void {
    watch?.close();
    watch = undefined;
  }

  function whatIsSynced(): Synced {
    if (synced) return synced;
    throw new FluxError('nothing was synced yet', {
      code: 'health/no-sync',
      fault: 'missing',
      help: 'The daemon tells how objects are after the first sync since it started. Ask for a sync first.',
    });
  }

  /** Until the watched objects have settled, or the signal aborts. */
  async function settled(signal: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    const onAbort = () => over.resolve();
    signal.addEventListener('abort', onAbort);
    while (synced && !signal.aborted && !open(synced).settled()) await Promise.race([news.promise, over.promise]);
    signal.removeEventListener('abort', onAbort);
  }

  function linger(): void {
    lingering = new AbortController();
    clock.sleep(LINGER_MS, { signal: lingering.signal }).then(close, () => undefined);
  }

  return {
    synced({ revision, changes }) {
      // What the sync left in the cluster; the rest is kept out of memory.
      synced = { revision, changes: changes.filter(isApplied) };
      close();
      tell();
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
      tell();
    },
  };
}

function reportOf({ revision }: Synced, watch: HealthWatch): HealthReport {
  const states = watch.states();
  return {
    revision,
    settled: watch.settled(),
    counts: countStates(states),
    objects: states.filter(({ state }) => state !== 'current'),
  };
}

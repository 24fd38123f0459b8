import { type Clock, type Logger, messageOf } from '../base/index.ts';
import type { ImageCache } from './cache/image-cache.ts';
import { type Watched, wantsMore } from './watched.ts';

export interface RestoringOptions {
  readonly cache: ImageCache;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called for each repository of which something became known. */
  readonly onNewTags: (name: string) => void;
  /** Called when repositories may be scanned. */
  readonly onRestored: () => void;
}

/** Restores what is remembered of watched repositories. */
export interface Restoring {
  /** Restores new repositories, which are scanned afterwards: those whose list is in time not before they are due. */
  begin(entries: readonly Watched[]): void;
  /** Restores a repository before a scan, if the store did not say at its start what it has. Throws when the repository is gone. */
  late(entry: Watched): Promise<void>;
}

/** Repositories restored at once, and the time for all that become known together: the rest is scanned without. */
const RESTORED_AT_ONCE = 64;
const RESTORE_MS = 10_000;

export function createRestoring({ cache, clock, log, onNewTags, onRestored }: RestoringOptions): Restoring {
  const restoreAll = async (entries: readonly Watched[]): Promise<void> => {
    const giveUpAt = clock.monotonic() + RESTORE_MS;
    const parts = Array.from({ length: Math.ceil(entries.length / RESTORED_AT_ONCE) }, (_, part) =>
      entries.slice(part * RESTORED_AT_ONCE, (part + 1) * RESTORED_AT_ONCE),
    ).values();
    // The store reads for one while the other decodes.
    const one = async () => {
      for (const some of parts) {
        if (clock.monotonic() < giveUpAt) await restoreSome(some);
        release(some);
      }
    };
    await Promise.all([one(), one()]);
  };

  const restoreSome = async (some: readonly Watched[]): Promise<void> => {
    const entries = new Map(some.map((entry) => [entry.target.name, entry]));
    const named = some.map(({ target: { name }, state }) => ({ name, state }));
    await cache.restore(named, (name, dueAt) => {
      const entry = entries.get(name);
      if (entry === undefined || entry.gone.signal.aborted) return;
      entry.restoring = undefined;
      if (dueAt === undefined) return;
      entry.nextAt = wantsMore(entry) ? clock.monotonic() : dueAt;
      onNewTags(name);
    });
  };

  const release = (entries: readonly Watched[]): void => {
    for (const entry of entries) entry.restoring = undefined;
    onRestored();
  };

  return {
    begin(entries) {
      if (entries.length === 0) return;
      const restored = restoreAll(entries).catch((error: unknown) => {
        // A cache that fails throws nothing: this is a bug, for which no repository may have to wait.
        log.error({ err: messageOf(error) }, 'restoring image repositories aborted by an error');
        release(entries);
      });
      for (const entry of entries) entry.restoring = restored;
    },
    async late({ target: { name }, state, gone }) {
      if (!cache.isUnread(state)) return;
      await cache.restore([{ name, state }], onNewTags);
      gone.signal.throwIfAborted();
    },
  };
}

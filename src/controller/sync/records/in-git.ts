import { type Cancellable, type Clock, hasCode, type Logger, messageOf } from '../../../base/index.ts';
import type { GitSource } from '../../../git/index.ts';
import type { Revision } from '../../../repository/index.ts';
import type { MarkerStore } from '../../ports/marker-store.ts';
import type { Source } from '../../ports/source.ts';
import { inOrder } from './in-order.ts';
import { formatMarked, type Marked, type MarkedKeys, NOTHING_MARKED, parseMarked } from './marked.ts';

export interface RecordInGitOptions {
  readonly syncTag: string;
  /** Where the marker was, if a former process ran with --sync-state=secret. */
  readonly former?: { readonly store: MarkerStore; readonly keys: MarkedKeys };
  readonly clock: Pick<Clock, 'deadline'>;
  readonly log: Logger;
}

/** What is not urgent must not hold up a sync. */
const LOOK_MS = 5_000;

/**
 * Records syncs in Git. What a former process left in the Secret is known until the first sync is recorded here, which removes it: there
 * is one marker at a time.
 */
export function recordInGit(source: GitSource, { syncTag, former, clock, log }: RecordInGitOptions): Source {
  let looked: Promise<Marked> | undefined;

  function left(): Promise<Marked> {
    looked ??= look().catch((error: unknown) => {
      // Another try may succeed, unless there is no Secret of ours or no right to it.
      const isFinal = hasCode(error, 'secret/no-namespace', 'cluster/forbidden');
      if (!isFinal) looked = undefined;
      log.debug(
        { secret: former?.store.name, reason: messageOf(error) },
        'unknown whether syncs were recorded in the Secret before',
      );
      return NOTHING_MARKED;
    });
    return looked;
  }

  async function look(): Promise<Marked> {
    using deadline = clock.deadline(LOOK_MS);
    const secret = await former?.store.read({ signal: deadline.signal });
    return former && secret ? parseMarked(secret.annotations, former.keys) : NOTHING_MARKED;
  }

  async function removeLeft({ signal }: Cancellable): Promise<void> {
    const { revision, records } = await left();
    if (!former || (revision === undefined && records.size === 0)) return;
    const { store, keys } = former;
    try {
      using deadline = clock.deadline(LOOK_MS, signal);
      await store.write({ annotations: formatMarked(NOTHING_MARKED, keys) }, { signal: deadline.signal });
      log.info({ secret: store.name, revision }, 'syncs are recorded in Git again; their marker was removed from the Secret');
      looked = Promise.resolve(NOTHING_MARKED);
    } catch (error) {
      log.warn({ secret: store.name, reason: messageOf(error) }, 'the former sync marker stays in the Secret');
    }
  }

  return {
    ...source,
    markedIn: `tag ${syncTag}`,
    keepsRecords: true,
    marker: source.syncTag,

    async markerElsewhere() {
      const { revision } = await left();
      if (revision === undefined || (await source.acceptedBefore(revision)) === undefined) return undefined;
      const tagged = await source.syncTag();
      if (tagged === undefined) return revision;
      return (await source.lineage(tagged, revision)) === 'continues' ? revision : undefined;
    },

    syncRecord: async (revision) => (await source.syncRecord(revision)) ?? (await left()).records.get(revision),

    async syncRecords(revisions, limit, options) {
      const { records } = await left();
      const found = await source.syncRecords(revisions, limit, options);
      return records.size === 0 ? found : inOrder(revisions, [found, recordsOf(records)], limit);
    },

    async recordSync(request, options = {}) {
      await source.recordSync(request, options);
      if (request.tag !== false) await removeLeft(options);
    },
  };
}

function recordsOf(records: ReadonlyMap<Revision, string>) {
  return Array.from(records, ([revision, text]) => ({ revision, text }));
}

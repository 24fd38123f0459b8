import {
  asFluxError,
  type Cancellable,
  type Clock,
  createChangedOnly,
  FluxError,
  hasCode,
  type Logger,
  messageOf,
} from '../../../base/index.ts';
import type { GitSource } from '../../../git/index.ts';
import type { Revision } from '../../../repository/index.ts';
import type { MarkerStore } from '../../ports/marker-store.ts';
import type { Source } from '../../ports/source.ts';
import { inOrder } from './in-order.ts';
import { formatMarked, type Marked, type MarkedKeys, parseMarked, withSync } from './marked.ts';

export interface RecordInSecretOptions {
  readonly store: MarkerStore;
  /** The namespace of the Secret. */
  readonly namespace: string;
  readonly keys: MarkedKeys;
  readonly clock: Pick<Clock, 'deadline'>;
  readonly log: Logger;
}

/** A Secret that does not answer must not hold up a sync. */
const TIMEOUT_MS = 5_000;
/** Records that are kept in memory. */
const MAX_RECORDS = 200;

/**
 * Records syncs in a Secret, which holds the marker and the last records, and in memory, which holds those of this process. Records that
 * a writable repository has from before are read; those of a read-only one may be of another daemon.
 */
export function recordInSecret(source: GitSource, options: RecordInSecretOptions): Source {
  const { store, namespace, keys, clock, log } = options;
  const changedOnly = createChangedOnly();
  const place = `kubernetes ${namespace}:secret/${store.name}`;
  const inMemory = new Map<Revision, string>();
  /** What the Secret is known to say. Undefined before it was read. */
  let stored: Marked | undefined;
  /** Whether another daemon, or a person, may have changed it since. */
  let isOld = true;
  let reading: Promise<Marked> | undefined;

  /** Never rejects: without the marker, a sync goes on as the first one does. */
  async function current(): Promise<Marked | undefined> {
    try {
      return await fresh();
    } catch (error) {
      if (changedOnly.hasChanged('read', messageOf(error))) {
        const { help } = asFluxError(error, { code: 'marker/unread' });
        log.warn({ markedIn: place, error: messageOf(error), help }, 'sync marker not read; syncing goes on without it');
      }
      return stored;
    }
  }

  async function fresh(): Promise<Marked> {
    if (stored && !isOld) return stored;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function read(): Promise<Marked> {
    using deadline = clock.deadline(TIMEOUT_MS);
    const secret = await store.read({ signal: deadline.signal }).catch((error: unknown) => {
      throw explained(error, 'get');
    });
    const now = parseMarked(secret?.annotations ?? new Map(), keys);
    for (const [revision, text] of now.records) if (stored?.records.get(revision) !== text) inMemory.set(revision, text);
    stored = now;
    isOld = false;
    changedOnly.recovered('read');
    return now;
  }

  async function write(next: (marked: Marked) => Marked, { signal }: Cancellable): Promise<void> {
    const before = await fresh();
    const after = next(before);
    const [old, wanted] = [formatMarked(before, keys), formatMarked(after, keys)];
    const annotations = Object.fromEntries(Object.entries(wanted).filter(([key, text]) => old[key] !== text));
    if (Object.keys(annotations).length === 0) return;
    try {
      using deadline = clock.deadline(TIMEOUT_MS, signal);
      await store.write({ annotations }, { signal: deadline.signal });
    } catch (error) {
      // It may have arrived.
      isOld = true;
      throw explained(error, 'patch');
    }
    stored = after;
    if (after.revision !== before.revision)
      log.info({ markedIn: place, old: before.revision ?? '', new: after.revision ?? '' }, 'sync marker moved');
  }

  /** @param verb What there may be no right to. */
  function explained(error: unknown, verb: 'get' | 'patch'): unknown {
    if (!hasCode(error, 'cluster/forbidden')) return error;
    return new FluxError(`${place}: ${error.message}`, {
      code: 'marker/refused',
      fault: 'user',
      help: rightsOf(verb),
      cause: error,
    });
  }

  function rightsOf(verb: 'get' | 'patch'): string {
    return `Create the Secret ${store.name} in the namespace ${namespace}, and give the service account of fluxd the right to ${verb} it. Syncing continues; after a restart, fluxd does not know what it synced before.\n`;
  }

  function remember(revision: Revision, text: string): void {
    inMemory.delete(revision);
    inMemory.set(revision, text);
    for (const oldest of inMemory.keys()) if (inMemory.size > MAX_RECORDS) inMemory.delete(oldest);
  }

  return {
    ...source,
    markedIn: place,
    keepsRecords: false,

    /** The sync tag is not ours in this mode. */
    async writers(cancel) {
      const { jobNotes } = await source.writers(cancel);
      return { jobNotes };
    },

    async fetch(options) {
      isOld = true;
      return source.fetch(options);
    },

    marker: async () => (await current())?.revision,

    async markerElsewhere() {
      if ((await current())?.revision !== undefined) return undefined;
      const tagged = await source.syncTag();
      return tagged === undefined || (await source.acceptedBefore(tagged)) === undefined ? undefined : tagged;
    },

    async syncRecord(revision) {
      await current();
      return inMemory.get(revision);
    },

    async syncRecords(revisions, limit, cancel) {
      await current();
      const own = revisions.flatMap((revision) => {
        const text = inMemory.get(revision);
        return text === undefined ? [] : [{ revision, text }];
      });
      const isOfOthers = source.access === 'read-only';
      return inOrder(revisions, [own, isOfOthers ? [] : await source.syncRecords(revisions, limit, cancel)], limit);
    },

    async recordSync({ revision, record, tag }, cancel = {}) {
      if (record !== undefined) remember(revision, record);
      const sync = { revision, moves: tag !== false, ...(record === undefined ? {} : { record }) };
      await write((marked) => withSync(marked, sync), cancel);
    },

    async amendRecord(revision, change, cancel = {}) {
      await current();
      const record = change(inMemory.get(revision));
      if (record === undefined) return;
      remember(revision, record);
      await write(
        (marked) => (marked.records.has(revision) ? withSync(marked, { revision, record, moves: false }) : marked),
        cancel,
      );
    },
  };
}

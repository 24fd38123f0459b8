import type { Cancellable, FluxError } from '../../base/index.ts';
import {
  differsInTrouble,
  formatSyncRecord,
  parseSyncRecord,
  type RecordedHealths,
  type SyncRecord,
  withHealth,
} from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';

/** A completed sync. */
export type HistoryEntry =
  | { readonly kind: 'synced'; readonly record: SyncRecord }
  /** Set for a sync that failed as a whole, because Git or the cluster was unreachable. Times are milliseconds since the epoch. */
  | { readonly kind: 'failed'; readonly revision: Revision; readonly startedAt: number; readonly failure: FluxError };

/** The start of the next page: after an entry of this process, by its number, or at a commit. */
export type HistoryPosition = { readonly before: number } | { readonly commit: Revision };

export interface HistoryPage {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Absent on the last page. */
  readonly next?: HistoryPosition;
  /** Set where records do not outlast the process. */
  readonly inMemory?: true;
}

export interface History {
  page(request: { readonly from?: HistoryPosition; readonly limit: number }, options?: Cancellable): Promise<HistoryPage>;
}

const KEPT = 100;
/** Limit of commits examined for one page: most commits of a busy repository were not synced individually. */
const MAX_COMMITS = 1_000;

/** The syncs with changes or new failures: the latest from memory, older ones from the records in Git. */
export class SyncHistory implements History {
  readonly #source: Pick<Source, 'accepted' | 'commits' | 'syncRecords' | 'keepsRecords'>;
  /** Entries, oldest first; `#first` is the number of the first. */
  readonly #entries: HistoryEntry[] = [];
  #first = 0;

  constructor(source: Pick<Source, 'accepted' | 'commits' | 'syncRecords' | 'keepsRecords'>) {
    this.#source = source;
  }

  /** A retried push of the same record is not another sync. */
  synced(record: SyncRecord): void {
    const known = this.#entries.findLastIndex((entry) => entry.kind === 'synced' && isSameSync(entry.record, record));
    const last = this.#entries.findLast((entry) => entry.kind === 'synced');
    if (known >= 0) this.#entries[known] = { kind: 'synced', record };
    else if (!last || hasNews(last.record, record)) this.#add({ kind: 'synced', record });
  }

  /** The health of workloads that the last sync of a revision changed. */
  healthKnown(revision: Revision, health: RecordedHealths): void {
    const at = this.#entries.findLastIndex((entry) => entry.kind === 'synced' && entry.record.revision === revision);
    const entry = this.#entries[at];
    if (entry?.kind === 'synced') this.#entries[at] = { kind: 'synced', record: withHealth(entry.record, health) };
  }

  failed(revision: Revision, startedAt: number, failure: FluxError): void {
    const last = this.#entries.at(-1);
    // Retries of a lasting failure share one entry.
    if (last?.kind === 'failed' && last.revision === revision && last.failure.message === failure.message) return;
    this.#add({ kind: 'failed', revision, startedAt, failure });
  }

  async page(
    request: { readonly from?: HistoryPosition; readonly limit: number },
    options: Cancellable = {},
  ): Promise<HistoryPage> {
    const page = await this.#page(request, options);
    return this.#source.keepsRecords ? page : { ...page, inMemory: true };
  }

  async #page(
    { from, limit }: { readonly from?: HistoryPosition; readonly limit: number },
    options: Cancellable,
  ): Promise<HistoryPage> {
    if (from && 'commit' in from) return this.#recorded(from.commit, limit, options);
    const end = Math.max(0, (from?.before ?? Number.POSITIVE_INFINITY) - this.#first);
    const entries = this.#entries.slice(Math.max(0, Math.min(end, this.#entries.length) - limit), end).reverse();
    const left = Math.min(end, this.#entries.length) - entries.length;
    if (left > 0) return { entries, next: { before: this.#first + left } };
    const head = this.#source.accepted();
    if (head === undefined) return { entries };
    if (entries.length === limit) return { entries, next: { commit: head } };
    const older = await this.#recorded(head, limit - entries.length, options);
    return { ...older, entries: [...entries, ...older.entries] };
  }

  /** The records in Git from a commit backwards, without entries from memory. */
  async #recorded(commit: Revision, limit: number, options: Cancellable): Promise<HistoryPage> {
    const commits = await this.#source.commits({ to: commit, limit: MAX_COMMITS + 1, allPaths: true }, options);
    const revisions = commits.slice(0, MAX_COMMITS).map(({ revision }) => revision);
    let next = commits[MAX_COMMITS]?.revision;
    const entries: HistoryEntry[] = [];
    for (let at = 0; at < revisions.length; ) {
      if (entries.length === limit) {
        next = revisions[at];
        break;
      }
      const wanted = limit - entries.length;
      const found = await this.#source.syncRecords(revisions.slice(at), wanted, options);
      for (const { text } of found) {
        const record = parseSyncRecord(text);
        if (record && !this.#isKnown(record)) entries.push({ kind: 'synced', record });
      }
      const last = found.at(-1)?.revision;
      at = found.length < wanted || last === undefined ? revisions.length : revisions.indexOf(last) + 1;
    }
    return { entries, ...(next === undefined ? {} : { next: { commit: next } }) };
  }

  #isKnown(record: SyncRecord): boolean {
    return this.#entries.some((entry) => entry.kind === 'synced' && isSameSync(entry.record, record));
  }

  #add(entry: HistoryEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length <= KEPT) return;
    this.#entries.shift();
    this.#first += 1;
  }
}

function isSameSync(a: SyncRecord, b: SyncRecord): boolean {
  return a.revision === b.revision && a.startedAt === b.startedAt;
}

/** Whether a sync has a new revision, changes, or different failures than the previous one. */
function hasNews(before: SyncRecord, record: SyncRecord): boolean {
  const isWritten = record.changes.some(({ outcome }) => WRITTEN.has(outcome));
  return record.revision !== before.revision || isWritten || differsInTrouble(formatSyncRecord(before), record);
}

const WRITTEN: ReadonlySet<string> = new Set(['created', 'configured', 'deleted']);

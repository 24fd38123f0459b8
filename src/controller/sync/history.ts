import type { Cancellable, FluxError } from '../../base/index.ts';
import { differsInTrouble, formatSyncRecord, parseSyncRecord, type SyncRecord } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';

/** A sync of the past. */
export type HistoryEntry =
  | { readonly kind: 'synced'; readonly record: SyncRecord }
  /** A sync that came to nothing: Git or the cluster could not be asked. Times in ms since the epoch. */
  | { readonly kind: 'failed'; readonly revision: Revision; readonly startedAt: number; readonly failure: FluxError };

/** Where a page of the history goes on: after an entry of this process, by its number, or from a commit on. */
export type HistoryPosition = { readonly before: number } | { readonly commit: Revision };

export interface HistoryPage {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Absent at the end. */
  readonly next?: HistoryPosition;
}

export interface History {
  page(request: { readonly from?: HistoryPosition; readonly limit: number }, options?: Cancellable): Promise<HistoryPage>;
}

const KEPT = 100;
/** Commits looked at for one page: most of a busy repository were never synced alone. */
const MAX_COMMITS = 1_000;

/** The syncs that did something, or that told of other trouble: the latest from memory, older ones from the records in Git. */
export class SyncHistory implements History {
  readonly #source: Pick<Source, 'head' | 'commits' | 'syncRecords'>;
  /** Oldest first; `#first` is the number of the first. */
  readonly #entries: HistoryEntry[] = [];
  #first = 0;

  constructor(source: Pick<Source, 'head' | 'commits' | 'syncRecords'>) {
    this.#source = source;
  }

  /** The same record again, because pushing it is tried again, is no other sync. */
  synced(record: SyncRecord): void {
    const known = this.#entries.findLastIndex((entry) => entry.kind === 'synced' && isSameSync(entry.record, record));
    const last = this.#entries.findLast((entry) => entry.kind === 'synced');
    if (known >= 0) this.#entries[known] = { kind: 'synced', record };
    else if (!last || hasNews(last.record, record)) this.#add({ kind: 'synced', record });
  }

  failed(revision: Revision, startedAt: number, failure: FluxError): void {
    const last = this.#entries.at(-1);
    // It is tried again and again; what lasts is one entry.
    if (last?.kind === 'failed' && last.revision === revision && last.failure.message === failure.message) return;
    this.#add({ kind: 'failed', revision, startedAt, failure });
  }

  async page(
    { from, limit }: { readonly from?: HistoryPosition; readonly limit: number },
    options: Cancellable = {},
  ): Promise<HistoryPage> {
    if (from && 'commit' in from) return this.#recorded(from.commit, limit, options);
    const end = Math.max(0, (from?.before ?? Number.POSITIVE_INFINITY) - this.#first);
    const entries = this.#entries.slice(Math.max(0, Math.min(end, this.#entries.length) - limit), end).reverse();
    const left = Math.min(end, this.#entries.length) - entries.length;
    if (left > 0) return { entries, next: { before: this.#first + left } };
    const head = this.#source.head();
    if (head === undefined) return { entries };
    if (entries.length === limit) return { entries, next: { commit: head } };
    const older = await this.#recorded(head, limit - entries.length, options);
    return { ...older, entries: [...entries, ...older.entries] };
  }

  /** From a commit on backwards, what the records in Git say, without what memory has said. */
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

/** A new revision, something written or deleted, or other trouble than before. */
function hasNews(before: SyncRecord, record: SyncRecord): boolean {
  const isWritten = record.changes.some(({ outcome }) => WRITTEN.has(outcome));
  return record.revision !== before.revision || isWritten || differsInTrouble(formatSyncRecord(before), record);
}

const WRITTEN: ReadonlySet<string> = new Set(['created', 'configured', 'deleted']);

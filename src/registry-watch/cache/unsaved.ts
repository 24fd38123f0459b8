import type { RepositoryState, TagChanges } from '../repository.ts';
import { keyOf } from './keys.ts';
import { bucketOf, bucketsFor, digestOfKnown, encodeKnown } from './known-tags.ts';
import { MAX_CHECKED, type ScanHeader, type TagRecord } from './record.ts';
import { encodeTags } from './tag-blocks.ts';

/** What the store has of a repository. */
interface Saved extends ScanHeader {
  /** Of the store when it was written. */
  readonly epoch: number | undefined;
  /** The list that was written. */
  readonly tags: readonly string[];
  /** When something that is known of tags was written. */
  readonly knownAt: number;
}

/** When and how to save. Times are milliseconds since the epoch. */
export interface Saving {
  readonly epoch: number | undefined;
  readonly now: number;
  readonly nextAt: number;
  readonly fromLabels: boolean;
  /** The time of a moment of the monotonic clock. */
  readonly timeOf: (moment: number) => number;
  /** Whether the daemon stops, so that nothing is left for later. */
  readonly isLast: boolean;
}

/** Entries are written again this often, so that those in use do not expire. */
const WRITTEN_AGAIN_MS = 24 * 3_600_000;
/** That tags were checked and are the same is saved this often: after a crash some are checked again. */
const CHECKS_SAVED_MS = 600_000;

/** What the store lacks of a repository. */
export class Unsaved implements TagChanges {
  #saved: Saved | undefined;
  #tags = new Set<string>();
  #hasLearned = false;
  #isUnread = true;

  learned(tag: string): void {
    this.#tags.add(tag);
    this.#hasLearned = true;
  }

  checked(tag: string): void {
    this.#tags.add(tag);
  }

  /** Whether the store has not said yet what it has: it may be more than what is in the state. */
  get isUnread(): boolean {
    return this.#isUnread;
  }

  /** Notes that all that the store has is in the state, or is not valid. */
  read(): void {
    this.#isUnread = false;
  }

  /** Notes what the store has, with this list of tags; it is in the state. */
  restored(header: ScanHeader, tags: readonly string[], { epoch, now }: Pick<Saving, 'epoch' | 'now'>): void {
    this.#isUnread = false;
    this.#saved = { ...header, epoch, tags, knownAt: now };
  }

  /** What the store has as well, as far as is known. */
  get saved(): ScanHeader | undefined {
    return this.#saved;
  }

  /** Notes that something was not written: the next time all is. */
  lost(): void {
    this.#saved = undefined;
    this.#tags.clear();
  }

  /** The entries to write, the one that makes them valid last. */
  *entries(name: string, state: RepositoryState, saving: Saving): Generator<{ readonly key: string; readonly text: string }> {
    const { scannedAt, tags } = state;
    if (scannedAt === undefined || this.#isUnread) return;
    const { now, epoch, nextAt, fromLabels } = saving;
    const isAll = this.#isAllDue(saving);
    const before = isAll ? undefined : this.#saved;
    const size = Math.max(before?.buckets.length ?? 0, bucketsFor(state.checks.size));
    const buckets = before?.buckets.length === size ? [...before.buckets] : new Array<string>(size).fill('');
    const known = this.#takeKnown(before, state, size, saving);
    const blocks = before?.tags === tags ? undefined : encodeTags(tags);
    if (before?.scannedAt === scannedAt && known.size === 0 && blocks === undefined) return;
    for (const [bucket, members] of known) {
      const records = members.map((tag) => recordOf(tag, state, saving)).filter((record) => record !== undefined);
      const text = encodeKnown(records);
      buckets[bucket] = digestOfKnown(text);
      yield { key: keyOf.known(name, bucket), text };
    }
    const header = {
      scannedAt,
      nextAt: Math.max(0, nextAt),
      writtenAt: before?.writtenAt ?? now,
      fromLabels,
      buckets,
      blocks: blocks?.blocks.length ?? before?.blocks ?? 0,
      digest: blocks?.digest ?? before?.digest ?? '',
      checked: checkedSince(scannedAt, state),
    };
    this.#saved = { ...header, epoch, tags, knownAt: known.size > 0 ? now : (before?.knownAt ?? now) };
    for (const [index, text] of (blocks?.blocks ?? []).entries()) yield { key: keyOf.tags(name, index), text };
    yield { key: keyOf.scan(name), text: JSON.stringify(header) };
  }

  #isAllDue({ epoch, now, fromLabels }: Saving): boolean {
    const saved = this.#saved;
    if (saved === undefined || saved.epoch === undefined) return true;
    return saved.epoch !== epoch || saved.fromLabels !== fromLabels || now - saved.writtenAt >= WRITTEN_AGAIN_MS;
  }

  /** The tags of each bucket to write. */
  #takeKnown(
    before: Saved | undefined,
    state: RepositoryState,
    buckets: number,
    { now, isLast }: Saving,
  ): ReadonlyMap<number, readonly string[]> {
    if (buckets === 0) return new Map();
    const isAll = before?.buckets.length !== buckets;
    const isDue = isAll || isLast || this.#hasLearned || now - before.knownAt >= CHECKS_SAVED_MS;
    if (!isDue || (!isAll && this.#tags.size === 0)) return new Map();
    const changed = new Set([...this.#tags].map((tag) => bucketOf(tag, buckets)));
    this.#tags = new Set();
    this.#hasLearned = false;
    const all = Map.groupBy(state.checks.keys(), (tag) => bucketOf(tag, buckets));
    return isAll ? all : new Map([...changed].map((bucket) => [bucket, all.get(bucket) ?? []]));
  }
}

/** The tags that a scan has looked at, up to a number. */
function checkedSince(scannedAt: number, { images }: RepositoryState): string[] {
  const checked: string[] = [];
  for (const { tag, fetchedAt } of images.values()) {
    if (fetchedAt >= scannedAt) checked.push(tag);
    if (checked.length === MAX_CHECKED) break;
  }
  return checked;
}

function recordOf(tag: string, { checks, images }: RepositoryState, { timeOf }: Saving): TagRecord | undefined {
  const check = checks.get(tag);
  if (!check) return undefined;
  const info = images.get(tag);
  const { dueAt, intervalMs } = check;
  return {
    tag,
    check: { ...check, intervalMs: Math.round(intervalMs), dueAt: Math.max(0, timeOf(dueAt)) },
    ...(info === undefined ? {} : { info }),
  };
}

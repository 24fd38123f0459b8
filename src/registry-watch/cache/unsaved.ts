import { yieldTurn } from '../../base/index.ts';
import type { RepositoryState, StateChanges } from '../repository.ts';
import type { BasisOf } from '../signatures/verifier.ts';
import { keyOf } from './keys.ts';
import { bucketOf, bucketsFor, digestOfKnown, encodeKnown } from './known-tags.ts';
import { MAX_CHECKED, type ScanHeader, type TagRecord } from './record.ts';
import { encodeTags } from './tag-blocks.ts';
import { encodeVerified } from './verified.ts';

/** An entry before it is sealed. */
interface TextEntry {
  readonly key: string;
  readonly text: string;
}

/** What the store has of a repository. */
export interface Saved extends ScanHeader {
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
  /** By what signatures are verified; undefined where they are not remembered. */
  readonly basisOf: BasisOf | undefined;
  /** The time of a moment of the monotonic clock. */
  readonly timeOf: (moment: number) => number;
  /** Whether the daemon stops, so that nothing is left for later. */
  readonly isLast: boolean;
}

/** Entries are written again this often, so that those in use do not expire. */
const WRITTEN_AGAIN_MS = 24 * 3_600_000;
/** That tags were checked and are the same is saved this often: after a crash some are checked again. */
const CHECKS_SAVED_MS = 600_000;
/** Tags that are sorted into buckets in one turn of the event loop. */
const TURN_TAGS = 10_000;

/** What the store lacks of a repository. */
export class Unsaved implements StateChanges {
  #saved: Saved | undefined;
  #tags = new Set<string>();
  #hasLearned = false;
  #hasVerified = false;
  #isUnread = true;

  learned(tag: string): void {
    this.#tags.add(tag);
    this.#hasLearned = true;
  }

  checked(tag: string): void {
    this.#tags.add(tag);
  }

  verified(): void {
    this.#hasVerified = true;
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
  get saved(): Saved | undefined {
    return this.#saved;
  }

  /** Notes that something was not written: the next time all is. */
  lost(): void {
    this.#saved = undefined;
  }

  /** The entries to write, the one that makes them valid last. */
  async *entries(name: string, state: RepositoryState, saving: Saving): AsyncGenerator<TextEntry> {
    const { scannedAt, tags } = state;
    if (scannedAt === undefined || this.#isUnread) return;
    const { now, epoch, nextAt, fromLabels } = saving;
    const saved = this.#saved;
    const before = this.#isAllDue(saving) ? undefined : saved;
    const size = Math.max(before?.buckets.length ?? 0, bucketsFor(state.checks.size));
    const buckets = before?.buckets.length === size ? [...before.buckets] : new Array<string>(size).fill('');
    const known = await this.#takeKnown(before, state, size, saving);
    const isSameList = before?.tags === tags;
    if (before?.scannedAt === scannedAt && known.size === 0 && isSameList && !this.#hasVerified) return;
    for (const [bucket, members] of known) {
      const records = members.map((tag) => recordOf(tag, state, saving)).filter((record) => record !== undefined);
      const text = encodeKnown(records);
      buckets[bucket] = digestOfKnown(text);
      yield { key: keyOf.known(name, bucket), text };
      await yieldTurn();
    }
    const list = isSameList ? before : yield* listEntries(name, tags);
    const signed = yield* this.#verifiedEntry(name, before, state, saving);
    const header = {
      scannedAt,
      nextAt: Math.max(0, nextAt),
      writtenAt: before?.writtenAt ?? now,
      fromLabels,
      buckets,
      blocks: list.blocks,
      digest: list.digest,
      ...confirmableOf(state, tags, saving),
      ...(state.listCost.requests > 1 ? { requests: state.listCost.requests } : {}),
      ...signed,
      checked: checkedSince(scannedAt, state),
    };
    const written = { ...header, epoch, tags, knownAt: known.size > 0 ? now : (before?.knownAt ?? now) };
    // What was noted meanwhile may contradict it.
    this.#saved = this.#saved === saved ? written : undefined;
    yield { key: keyOf.scan(name), text: JSON.stringify(header) };
  }

  /** The entry with valid signatures, if there are others than before. Returns its digest. */
  *#verifiedEntry(
    name: string,
    before: Saved | undefined,
    { signatures }: RepositoryState,
    { basisOf }: Saving,
  ): Generator<TextEntry, Pick<ScanHeader, 'verified'>> {
    if (before && !this.#hasVerified) return before.verified === undefined ? {} : { verified: before.verified };
    this.#hasVerified = false;
    const { verified } = signatures;
    if (basisOf === undefined || verified.length === 0) return {};
    const text = encodeVerified(verified, basisOf);
    yield { key: keyOf.verified(name), text };
    return { verified: digestOfKnown(text) };
  }

  #isAllDue({ epoch, now, fromLabels }: Saving): boolean {
    const saved = this.#saved;
    if (saved === undefined || saved.epoch === undefined) return true;
    return saved.epoch !== epoch || saved.fromLabels !== fromLabels || now - saved.writtenAt >= WRITTEN_AGAIN_MS;
  }

  /** The tags of each bucket to write. */
  async #takeKnown(
    before: Saved | undefined,
    state: RepositoryState,
    buckets: number,
    { now, isLast }: Saving,
  ): Promise<ReadonlyMap<number, readonly string[]>> {
    if (buckets === 0) return new Map();
    const isAll = before?.buckets.length !== buckets;
    const isDue = isAll || isLast || this.#hasLearned || now - before.knownAt >= CHECKS_SAVED_MS;
    if (!isDue || (!isAll && this.#tags.size === 0)) return new Map();
    const changed = this.#tags;
    this.#tags = new Set();
    this.#hasLearned = false;
    const all = await inBuckets(state.checks.keys(), buckets);
    if (isAll) return all;
    return new Map([...(await inBuckets(changed, buckets)).keys()].map((bucket) => [bucket, all.get(bucket) ?? []]));
  }
}

/** Tags by bucket. */
async function inBuckets(tags: Iterable<string>, buckets: number): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, string[]>();
  let inTurn = 0;
  for (const tag of tags) {
    const bucket = bucketOf(tag, buckets);
    const members = found.get(bucket);
    if (members) members.push(tag);
    else found.set(bucket, [tag]);
    inTurn += 1;
    if (inTurn < TURN_TAGS) continue;
    await yieldTurn();
    inTurn = 0;
  }
  return found;
}

/** The entries with a list. Returns how many these are, and the digest of the list. */
async function* listEntries(
  name: string,
  tags: readonly string[],
): AsyncGenerator<TextEntry, Pick<ScanHeader, 'blocks' | 'digest'>> {
  const encoded = encodeTags(tags);
  for (let blocks = 0; ; blocks += 1) {
    const block = encoded.next();
    if (block.done) return { blocks, digest: block.value };
    yield { key: keyOf.tags(name, blocks), text: block.value };
    await yieldTurn();
  }
}

/** What lets the registry confirm this list, if it is the last one that was read. */
function confirmableOf(
  { confirmable }: RepositoryState,
  list: readonly string[],
  { timeOf }: Saving,
): Pick<ScanHeader, 'confirmable'> {
  if (confirmable?.tags !== list) return {};
  const { entityTag, account, readAt } = confirmable;
  return { confirmable: { entityTag, account, readAt: Math.max(0, timeOf(readAt)) } };
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

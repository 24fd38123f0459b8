import type { FluxError } from '../base/index.ts';
import type { ImageInfo, ImageRepository } from '../image/index.ts';
import type { Credential } from './credentials/index.ts';
import { type ListCost, UNKNOWN_COST } from './list-cost.ts';
import { isSameList } from './same-list.ts';
import { SignatureChecks, signedBy, type Verified } from './signatures/checks.ts';
import { SignatureQueue } from './signatures/queue.ts';
import type { SuspectList } from './suspect.ts';
import type { KnownList } from './tag-list.ts';

/** The schedule for reading a tag again. */
export interface TagCheck {
  /** The digest served for the tag, of the index if it is one; absent until the tag was read. */
  readonly served?: string;
  readonly intervalMs: number;
  readonly dueAt: number;
  /** Failed attempts in a row. */
  readonly failures: number;
}

/** A list of tags that the registry may confirm to the same account. */
export interface ConfirmableList extends KnownList {
  readonly account: string;
  readonly readAt: number;
}

/** What is remembered of a repository; due times of tags are by the monotonic clock. */
export interface Restored {
  readonly tags: readonly string[];
  readonly known: readonly { readonly tag: string; readonly check: TagCheck; readonly info?: ImageInfo }[];
  readonly scannedAt: number;
  readonly confirmable?: Omit<ConfirmableList, 'tags'> | undefined;
  /** Requests that the list took; one if absent. */
  readonly requests?: number | undefined;
  /** Images with valid signatures, the latest first. */
  readonly verified: readonly Verified[];
}

/** Follows the tags about which something was learned, those that were checked, and valid signatures. */
export interface StateChanges {
  learned(tag: string): void;
  checked(tag: string): void;
  verified(): void;
}

/** The state of one watched repository. Only scans write to it. */
export class RepositoryState {
  tags: readonly string[] = [];
  #images = new Map<string, ImageInfo>();
  /** Whether others hold the map, so that it must not change any more. */
  #isShared = false;
  readonly #checks = new Map<string, TagCheck>();
  /** Tags whose metadata is asked for, beside those that the target needs. */
  readonly asked = new Set<string>();
  readonly signatures: SignatureChecks;
  readonly signatureQueue = new SignatureQueue();
  /** Time of the list in use; absent before the first that may be used. */
  scannedAt: number | undefined;
  /** Time of a remembered list, which may be used only if it is still in time, or to find a scan suspect. */
  #rememberedAt: number | undefined;
  /** Followed only for a cache. */
  readonly #changes: StateChanges | undefined;
  error: FluxError | undefined;
  /** What is known against the lists read since the one in use. */
  suspect: SuspectList | undefined;
  /** The last accepted credential; undefined means anonymous. */
  accepted: Credential | undefined;
  /** The last list that was read, if the registry can confirm it, by whom, and when, by the monotonic clock. */
  confirmable: ConfirmableList | undefined;
  /** Whether this process has listed the tags, and so knows a credential. */
  isListed = false;
  listCost: ListCost = UNKNOWN_COST;

  constructor(changes?: StateChanges) {
    this.#changes = changes;
    this.signatures = new SignatureChecks(() => changes?.verified());
  }

  get images(): ReadonlyMap<string, ImageInfo> {
    return this.#images;
  }

  get checks(): ReadonlyMap<string, TagCheck> {
    return this.#checks;
  }

  /** Stores the metadata of a tag. */
  learn(info: ImageInfo): void {
    this.asked.delete(info.tag);
    this.#own().set(info.tag, info);
    this.#changes?.learned(info.tag);
  }

  /** Notes that a tag was read again and is unchanged. */
  confirm(info: ImageInfo, now: number): void {
    this.#images.set(info.tag, { ...info, fetchedAt: now });
  }

  /** Sets when a tag is read again. */
  schedule(tag: string, check: TagCheck): void {
    this.#checks.set(tag, check);
    this.#changes?.checked(tag);
  }

  /** Takes over what was remembered of tags in the list, unless more is known by now. A remembered list follows its tags. */
  restoreTags(known: Restored['known'], listed: ReadonlySet<string>): void {
    const images = this.#own();
    for (const { tag, check, info } of known) {
      const mine = this.#checks.get(tag);
      if (!listed.has(tag) || images.has(tag) || (mine && !info)) continue;
      // An attempt that failed meanwhile says when to try again.
      this.#checks.set(tag, mine ? { ...check, dueAt: mine.dueAt, failures: mine.failures } : check);
      if (info) images.set(tag, info);
    }
  }

  /** Takes over a remembered list, unless another was read: if it is in time; otherwise it is what the next one is compared with. */
  restoreList({ tags, scannedAt, requests = 1, confirmable, verified }: Omit<Restored, 'known'>, inTime: boolean): void {
    this.signatures.restore(verified);
    if (this.scannedAt !== undefined) return;
    this.tags = tags;
    this.listCost = { requests, isPaid: false };
    this.confirmable = confirmable && { ...confirmable, tags };
    if (inTime) this.scannedAt = scannedAt;
    else this.#rememberedAt = scannedAt;
  }

  /** Takes over the scan of another daemon, which has read some tags later, and checked others; whether there is anything new. */
  adopt({ tags, known, scannedAt, requests = 1, confirmable, verified }: Restored, checked: readonly string[]): boolean {
    this.listCost = { ...this.listCost, requests };
    const isFirst = this.scannedAt === undefined;
    const newTags = this.replaceTags(tags, scannedAt);
    if (confirmable) this.confirmable = { ...confirmable, tags: this.tags };
    this.suspect = undefined;
    const listed = new Set(tags);
    let changed = this.signatures.restore(verified);
    for (const { tag, check, info } of known) {
      const mine = this.#images.get(tag);
      if (!listed.has(tag) || !info || info.fetchedAt <= (mine?.fetchedAt ?? -1)) continue;
      changed ||= mine === undefined || this.#checks.get(tag)?.served !== check.served || mine.error?.code !== info.error?.code;
      this.#checks.set(tag, check);
      this.#own().set(tag, info);
      this.asked.delete(tag);
    }
    for (const tag of checked) {
      const mine = this.#images.get(tag);
      if (mine && mine.fetchedAt < scannedAt) this.confirm(mine, scannedAt);
    }
    return changed || newTags > 0 || isFirst;
  }

  /** Records whether the last list is suspect. One that is keeps the list before it in use, also a remembered one. */
  suspectList(suspect: SuspectList | undefined): void {
    this.suspect = suspect;
    if (suspect) this.scannedAt ??= this.#rememberedAt;
  }

  #own(): Map<string, ImageInfo> {
    if (this.#isShared) this.#images = new Map(this.#images);
    this.#isShared = false;
    return this.#images;
  }

  /** Stores a complete tag list, drops removed tags, and returns the number of new ones. An equal list stays the same object. */
  replaceTags(tags: readonly string[], now: number): number {
    this.scannedAt = now;
    this.#rememberedAt = undefined;
    if (isSameList(tags, this.tags)) return 0;
    if (this.tags.length === 0) {
      this.tags = tags;
      return tags.length;
    }
    const before = new Set(this.tags);
    const after = new Set(tags);
    for (const tag of before) {
      if (after.has(tag)) continue;
      if (this.#images.has(tag)) this.#own().delete(tag);
      this.#checks.delete(tag);
      this.asked.delete(tag);
    }
    this.tags = tags;
    const added = tags.filter((tag) => !before.has(tag));
    this.signatures.signed(new Set(added.flatMap((tag) => signedBy(tag) ?? [])));
    return added.length;
  }

  snapshot(): ImageRepository {
    this.#isShared = true;
    const { scannedAt, error, suspect, signatures, signatureQueue } = this;
    return {
      verifications: signatures.verifications,
      ...(signatureQueue.isFull ? { signatureQueue: signatureQueue.size } : {}),
      ...(scannedAt === undefined ? { tags: [], images: new Map() } : { tags: this.tags, images: this.#images }),
      ...(scannedAt === undefined ? {} : { scannedAt }),
      ...(error === undefined ? {} : { error }),
      ...(suspect === undefined ? {} : { disappeared: suspect.missing }),
    };
  }
}

import type { FluxError } from '../base/index.ts';
import type { ImageInfo, ImageRepository } from '../image/index.ts';
import type { Credential } from './credentials/index.ts';
import { isSameList } from './same-list.ts';
import type { SuspectList } from './suspect.ts';

/** The schedule for reading a tag again. */
export interface TagCheck {
  /** The digest served for the tag, of the index if it is one; absent until the tag was read. */
  readonly served?: string;
  readonly intervalMs: number;
  readonly dueAt: number;
  /** Failed attempts in a row. */
  readonly failures: number;
}

/** The state of one watched repository. Only scans write to it. */
export class RepositoryState {
  tags: readonly string[] = [];
  #images = new Map<string, ImageInfo>();
  /** Whether others hold the map, so that it must not change any more. */
  #isShared = false;
  readonly checks = new Map<string, TagCheck>();
  /** Tags whose metadata is asked for, beside those that the target needs. */
  readonly asked = new Set<string>();
  scannedAt: number | undefined;
  error: FluxError | undefined;
  /** What is known against the lists read since the one in use. */
  suspect: SuspectList | undefined;
  /** The last accepted credential; undefined means anonymous. */
  accepted: Credential | undefined;

  get images(): ReadonlyMap<string, ImageInfo> {
    return this.#images;
  }

  /** Stores the metadata of a tag. */
  learn(info: ImageInfo): void {
    this.asked.delete(info.tag);
    this.#own().set(info.tag, info);
  }

  /** Notes that a tag was read again and is unchanged. */
  confirm(info: ImageInfo, now: number): void {
    this.#images.set(info.tag, { ...info, fetchedAt: now });
  }

  #own(): Map<string, ImageInfo> {
    if (this.#isShared) this.#images = new Map(this.#images);
    this.#isShared = false;
    return this.#images;
  }

  /** Stores a complete tag list, drops removed tags, and returns the number of new ones. An equal list stays the same object. */
  replaceTags(tags: readonly string[], now: number): number {
    this.scannedAt = now;
    if (isSameList(tags, this.tags)) return 0;
    const before = new Set(this.tags);
    const after = new Set(tags);
    for (const tag of before) {
      if (after.has(tag)) continue;
      if (this.#images.has(tag)) this.#own().delete(tag);
      this.checks.delete(tag);
      this.asked.delete(tag);
    }
    this.tags = tags;
    return tags.filter((tag) => !before.has(tag)).length;
  }

  snapshot(): ImageRepository {
    this.#isShared = true;
    const { tags, images, scannedAt, error, suspect } = this;
    return {
      tags,
      images,
      ...(scannedAt === undefined ? {} : { scannedAt }),
      ...(error === undefined ? {} : { error }),
      ...(suspect === undefined ? {} : { disappeared: suspect.missing }),
    };
  }
}

import type { FluxError } from '../base/index.ts';
import type { ImageInfo, ImageRepository } from '../image/index.ts';
import type { Credential } from './credentials/index.ts';

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
  readonly images = new Map<string, ImageInfo>();
  readonly checks = new Map<string, TagCheck>();
  scannedAt: number | undefined;
  error: FluxError | undefined;
  /** The last accepted credential; undefined means anonymous. */
  accepted: Credential | undefined;

  /** Stores a complete tag list, drops removed tags, and returns the number of new ones. */
  replaceTags(tags: readonly string[], now: number): number {
    const before = new Set(this.tags);
    const after = new Set(tags);
    for (const tag of before) {
      if (after.has(tag)) continue;
      this.images.delete(tag);
      this.checks.delete(tag);
    }
    this.tags = tags;
    this.scannedAt = now;
    return tags.filter((tag) => !before.has(tag)).length;
  }

  snapshot(): ImageRepository {
    const { tags, images, scannedAt, error } = this;
    return { tags, images, ...(scannedAt === undefined ? {} : { scannedAt }), ...(error === undefined ? {} : { error }) };
  }
}

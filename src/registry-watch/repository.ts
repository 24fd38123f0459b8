import type { FluxError } from '../base/index.ts';
import type { Credential, PullSecrets } from './credentials/index.ts';

/** Metadata of one tag. */
export interface ImageInfo {
  readonly tag: string;
  /** Digest of the image manifest; of the linux/amd64 image, if the tag refers to an index. */
  readonly digest?: string;
  /** Digest of the index, if the tag refers to one. */
  readonly indexDigest?: string;
  /** Digest of the image config. */
  readonly imageId?: string;
  /** Milliseconds since the epoch; absent if unknown. */
  readonly createdAt?: number;
  /** Nanoseconds beyond that millisecond; may be absent. */
  readonly createdNs?: number;
  /** Labels with build times, as RFC 3339 text. */
  readonly labels: Readonly<Record<string, string>>;
  /** Time of the last read, in milliseconds since the epoch. */
  readonly fetchedAt: number;
  /** Why the tag, or its creation time, is unreadable. */
  readonly error?: FluxError;
}

/** Metadata of one image repository. The map fills while tags are read. */
export interface ImageRepository {
  /** All tags, from a complete list. */
  readonly tags: readonly string[];
  /** By tag; an absent tag has not been read yet, or is about to be read again. */
  readonly images: ReadonlyMap<string, ImageInfo>;
  /** Time of the last complete tag list, in milliseconds since the epoch; absent before the first. */
  readonly scannedAt?: number;
  /** Why the last scan failed; earlier data stays. */
  readonly error?: FluxError;
}

/** An image repository to watch. */
export interface ImageTarget {
  /** Canonical name, `index.docker.io/library/alpine`. */
  readonly name: string;
  /** The pull secrets of each workload that uses the image. */
  readonly pullSecrets: readonly PullSecrets[];
  /** Tags whose creation time a policy or listing needs. */
  readonly needsTimes?: (tag: string) => boolean;
  /** Tags in use: each scan checks whether they have moved. */
  readonly inUse?: readonly string[];
}

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

import type { FluxError } from '../base/index.ts';
import type { Credential, PullSecrets } from './credentials/index.ts';

/** What a registry says about one tag. */
export interface ImageInfo {
  readonly tag: string;
  /** Digest of the image manifest (of the linux/amd64 image, when the tag names an index). */
  readonly digest?: string;
  /** Digest of the index, when the tag names one. */
  readonly indexDigest?: string;
  /** Digest of the image config. */
  readonly imageId?: string;
  /** Milliseconds since the epoch; absent when unknown. */
  readonly createdAt?: number;
  /** Nanoseconds beyond that millisecond; absent for none. */
  readonly createdNs?: number;
  /** Labels with build times, as RFC 3339 text. */
  readonly labels: Readonly<Record<string, string>>;
  /** When the registry was last asked, milliseconds since the epoch. */
  readonly fetchedAt: number;
  /** Why the tag, or its creation time, cannot be read. */
  readonly error?: FluxError;
}

/** What is known of one image repository. The map goes on filling while its tags are read. */
export interface ImageRepository {
  /** All tags, from a complete list. */
  readonly tags: readonly string[];
  /** By tag; a tag that is absent has not been asked about, or is about to be asked again. */
  readonly images: ReadonlyMap<string, ImageInfo>;
  /** Time of the last complete tag list, milliseconds since the epoch; absent before the first. */
  readonly scannedAt?: number;
  /** Why the last scan failed; what is known from before stays. */
  readonly error?: FluxError;
}

/** An image repository to watch. */
export interface ImageTarget {
  /** Canonical name, `index.docker.io/library/alpine`. */
  readonly name: string;
  /** Of each workload that uses the image. */
  readonly pullSecrets: readonly PullSecrets[];
  /** Tags whose creation time somebody needs. */
  readonly needsTimes?: (tag: string) => boolean;
  /** Tags that run: each scan looks whether they were moved. */
  readonly inUse?: readonly string[];
}

/** When and how a tag is looked at again. */
export interface TagCheck {
  /** What the registry served for the tag, the index if it is one; absent until the tag was read. */
  readonly served?: string;
  readonly intervalMs: number;
  readonly dueAt: number;
  /** Failed attempts in a row. */
  readonly failures: number;
}

/** The memory of one watched repository. Only scans write to it. */
export class RepositoryState {
  tags: readonly string[] = [];
  readonly images = new Map<string, ImageInfo>();
  readonly checks = new Map<string, TagCheck>();
  scannedAt: number | undefined;
  error: FluxError | undefined;
  /** The credential that was accepted last; undefined is anonymous. */
  accepted: Credential | undefined;

  /** Takes over a complete tag list, forgets what is gone, and says how many tags are new. */
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

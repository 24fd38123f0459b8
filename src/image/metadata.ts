import type { FluxError } from '../base/index.ts';
import type { ImageOrigin } from './origin.ts';
import type { Verification } from './verification.ts';

/** Metadata of one tag. */
export interface ImageInfo {
  readonly tag: string;
  /** Digest of the image manifest; of the linux/amd64 image, if the tag refers to an index. */
  readonly digest?: string;
  /** Digest of the index, if the tag refers to one: what to pin to, so that every platform finds its image. */
  readonly indexDigest?: string;
  /** Digest of the image config. */
  readonly imageId?: string;
  /** Milliseconds since the epoch; absent if unknown. */
  readonly createdAt?: number;
  /** Nanoseconds beyond that millisecond; may be absent. */
  readonly createdNs?: number;
  /** Labels with build times, as RFC 3339 text. */
  readonly labels: Readonly<Record<string, string>>;
  /** What it was built from; absent if the image does not say. */
  readonly origin?: ImageOrigin;
  /** Time of the last read, in milliseconds since the epoch. */
  readonly fetchedAt: number;
  /** Why the tag, or its creation time, is unreadable. */
  readonly error?: FluxError;
}

/**
 * Metadata of one image repository. List and map stay the same objects until a tag comes, goes or changes, so that what is derived from
 * them can be cached; only the time of a tag's last read changes in place.
 */
export interface ImageRepository {
  /** All tags, from a complete list. */
  readonly tags: readonly string[];
  /** By tag; an absent tag has not been read yet, or is about to be read again. */
  readonly images: ReadonlyMap<string, ImageInfo>;
  /** Time of the last complete tag list, in milliseconds since the epoch; absent before the first. */
  readonly scannedAt?: number;
  /** Time of the next scan; absent during a scan, or if it is not known. */
  readonly nextAt?: number;
  /** Why the last scan failed, or why there is none; earlier data stays. */
  readonly error?: FluxError;
  /** Set while the last list is suspect: the tags that it lacks. The one before stays in use. */
  readonly disappeared?: readonly string[];
  /** What is known of the signatures of its images, by `verificationKey`. It changes in place. */
  readonly verifications?: ReadonlyMap<string, Verification>;
  /** The flag because of which the registry is not asked about it; nothing is known then. */
  readonly barredBy?: string;
  /** Number of questions about its signatures that the next scans answer; set only if they are so many that others may be refused. */
  readonly signatureQueue?: number;
}

/** The scan state of an image repository. Times are milliseconds since the epoch. */
export interface ImageScan {
  /** Canonical name. */
  readonly name: string;
  /** Number of tags in the last complete list. */
  readonly tags: number;
  /** Time of that list; absent before the first. */
  readonly scannedAt?: number;
  /** Time between the last two such lists; absent before the second. */
  readonly intervalMs?: number;
  /** Whether a scan is under way. */
  readonly isScanning: boolean;
  /** Time of the next scan; absent during a scan, or if it is not known. */
  readonly nextAt?: number;
  /** End of a pause requested by the registry host; absent if there is none. */
  readonly blockedUntil?: number;
  /** Why the last scan failed, or why there is none. */
  readonly error?: FluxError;
}

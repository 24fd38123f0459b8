import { z } from 'zod';
import type { ImageInfo } from '../../image/index.ts';
import type { TagCheck } from '../repository.ts';
import { isEntityTag } from '../tag-list.ts';

/** What is remembered of a tag. Times are milliseconds since the epoch. */
export interface TagRecord {
  readonly tag: string;
  readonly check: TagCheck;
  readonly info?: ImageInfo;
}

/** What the entry of a scan says: its times, and which other entries belong to it. Times are milliseconds since the epoch. */
export type ScanHeader = z.infer<typeof ScanHeader>;

export const MAX_CHECKED = 1000;
/** A list has at most 1,000 pages. */
const MAX_REQUESTS = 10_000;

const Time = z
  .number()
  .int()
  .nonnegative()
  .max(Date.UTC(9000, 0, 1));

/** What lets the registry confirm a list to an account, instead of sending it. */
const Confirmable = z.object({
  entityTag: z.string().refine(isEntityTag),
  account: z.string().max(64),
  /** When the list was read. */
  readAt: Time,
});

export const ScanHeader = z.object({
  /** When the tags were listed, and when they were to be listed again. */
  scannedAt: Time,
  nextAt: Time,
  /** When all entries were written last. */
  writtenAt: Time,
  /** Whether creation times are those of labels, by `--registry-use-labels`. */
  fromLabels: z.boolean(),
  /** Digest of all tags, and number of entries with them. */
  digest: z.string(),
  blocks: z.number().int().min(0).max(1000),
  confirmable: Confirmable.exactOptional(),
  /** Digests of the entries with what is known of tags; empty where nothing is. */
  buckets: z.array(z.string()).max(1024),
  /** Requests that the list took; absent for one. */
  requests: z.number().int().min(2).max(MAX_REQUESTS).optional(),
  /** Digest of the entry with valid signatures; absent if there are none. */
  verified: z.string().exactOptional(),
  /** Tags in use that this scan has checked. */
  checked: z.array(z.string()).max(MAX_CHECKED),
});

/** Skew between clocks of daemons that share a cache. */
const SKEW_MS = 60_000;
/** No scan waits longer for its turn: a record that says so is not believed. */
const LONGEST_REST_MS = 24 * 3_600_000;

/** Whether a time of another daemon's clock, or of our own before it was set, has been. */
export function isPast(time: number, now: number): boolean {
  return time <= now + SKEW_MS;
}

/** Whether a list is still in time: it is not read again before it is due. */
export function isFresh({ scannedAt, nextAt }: Pick<ScanHeader, 'scannedAt' | 'nextAt'>, now: number): boolean {
  return isPast(scannedAt, now) && now < nextAt && nextAt <= scannedAt + LONGEST_REST_MS;
}

import { z } from 'zod';
import type { ImageInfo } from '../../image/index.ts';
import type { TagCheck } from '../repository.ts';

/** What is remembered of a tag. Times are milliseconds since the epoch. */
export interface TagRecord {
  readonly tag: string;
  readonly check: TagCheck;
  readonly info?: ImageInfo;
}

/** What the entry of a scan says: its times, and which other entries belong to it. Times are milliseconds since the epoch. */
export type ScanHeader = z.infer<typeof ScanHeader>;

export const MAX_CHECKED = 1000;

const Time = z
  .number()
  .int()
  .nonnegative()
  .max(Date.UTC(9000, 0, 1));

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
  /** Digests of the entries with what is known of tags; empty where nothing is. */
  buckets: z.array(z.string()).max(1024),
  /** Tags in use that this scan has checked. */
  checked: z.array(z.string()).max(MAX_CHECKED),
});

/** Skew between clocks of daemons that share a cache. */
const SKEW_MS = 60_000;
/** No scan waits longer for its turn: a record that says so is not believed. */
const LONGEST_REST_MS = 24 * 3_600_000;

/** Whether a list is still in time: it is not read again before it is due. */
export function isFresh({ scannedAt, nextAt }: Pick<ScanHeader, 'scannedAt' | 'nextAt'>, now: number): boolean {
  return scannedAt <= now + SKEW_MS && now < nextAt && nextAt <= scannedAt + LONGEST_REST_MS;
}

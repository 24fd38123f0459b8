import { isSameList } from './same-list.ts';

/** A complete list that lacks tags it should have. It is not used before a later one agrees. */
export interface SuspectList {
  /** Tags of the list in use that it lacks. */
  readonly missing: readonly string[];
  /** When such a list was first read, by the monotonic clock. */
  readonly since: number;
}

export interface Listing {
  /** The list in use. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Tags of running and wanted images. */
  readonly inUse: readonly string[];
  /** What is known against the lists read since the one in use. */
  readonly suspect: SuspectList | undefined;
  /** By the monotonic clock. */
  readonly now: number;
  /** Time from one scan to the next, in milliseconds. */
  readonly intervalMs: number;
}

/** Losses up to these are usual: tags are cleaned up. Both must be exceeded. */
const USUAL_LOSS = { tags: 5, share: 0.1 };

/**
 * Whether a list is not to be trusted yet: a tag in use has disappeared, or many tags have at once. A registry that restarts, a mirror
 * that is behind and a wrong backend answer like that. It is trusted if another scan, at least an interval later, lacks nothing else.
 */
export function suspicionOf({ before, after, inUse, suspect, now, intervalMs }: Listing): SuspectList | undefined {
  if (before.length === 0 || isSameList(before, after)) return undefined;
  const listed = new Set(after);
  const missing = before.filter((tag) => !listed.has(tag));
  const lacksUsed = inUse.some((tag) => missing.includes(tag));
  const lacksMany = missing.length > USUAL_LOSS.tags && missing.length > before.length * USUAL_LOSS.share;
  if (!lacksUsed && !lacksMany) return undefined;
  const known = new Set(suspect?.missing);
  if (suspect === undefined || !missing.every((tag) => known.has(tag))) return { missing, since: now };
  return now - suspect.since >= intervalMs ? undefined : { missing, since: suspect.since };
}

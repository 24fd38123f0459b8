import * as z from 'zod';
import { goJson, rfc3339 } from '../base/index.ts';
import { isFields } from '../resource/index.ts';
import { healthsSchema, mergeHealth, type RecordedHealths } from './recorded-health.ts';

/** One object or file in the record of a sync. */
export interface RecordedChange {
  readonly id?: string;
  readonly outcome: string;
  /** `file:line`, if known. */
  readonly place?: string;
  readonly reason?: string;
}

export interface RecordedImageUpdate {
  readonly commit: string;
  readonly workload: string;
  readonly container: string;
  readonly from: string;
  readonly to: string;
}

/** The note on `refs/notes/<notes-ref>-sync` of a synced commit. */
export interface SyncRecord {
  readonly version: 1;
  readonly daemon: string;
  readonly revision: string;
  readonly previous?: string;
  /** Number of deletions that a commit approves (`Allow-Prune`) and that are not done yet; absent if there are none. */
  readonly allowPrune?: number;
  /** Whether deletions wait for approval; absent if none do. */
  readonly unconfirmed?: true;
  /** How many objects each unit rendered, by its name, when it was last rendered without an error; absent if all manifests were files. */
  readonly units?: Readonly<Record<string, number>>;
  /** What was closed when a person had the revision applied all the same; absent if nothing was. */
  readonly windowOverridden?: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly changes: readonly RecordedChange[];
  readonly imageUpdates: readonly RecordedImageUpdate[];
  /** Number of changes omitted to keep the record small. */
  readonly omitted?: number;
  /** What became of the workloads that the sync created or changed; added once it is known. */
  readonly health?: RecordedHealths;
}

/** Limits that keep a record small: the number of changes, and the text of each. */
const MAX_CHANGES = 200;
const MAX_TEXT = 300;

const TROUBLE: ReadonlySet<string> = new Set(['failed', 'held', 'refused']);

export interface SyncRecordInput extends Omit<SyncRecord, 'version' | 'startedAt' | 'omitted' | 'health'> {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** Builds the bounded record, with failures first, so that they are never omitted. */
export function createSyncRecord({ startedAt, ...input }: SyncRecordInput): SyncRecord {
  const trouble = input.changes.filter(isTrouble);
  const rest = input.changes.filter((change) => !isTrouble(change));
  const changes = [...trouble, ...rest].slice(0, MAX_CHANGES).map(shorten);
  const omitted = input.changes.length - changes.length;
  const { daemon, revision, previous, allowPrune, unconfirmed, units, windowOverridden, durationMs, counts, imageUpdates } =
    input;
  return {
    version: 1,
    daemon,
    revision,
    ...(previous === undefined ? {} : { previous }),
    ...(allowPrune === undefined ? {} : { allowPrune }),
    ...(unconfirmed ? { unconfirmed } : {}),
    ...(units === undefined ? {} : { units }),
    ...(windowOverridden === undefined ? {} : { windowOverridden }),
    startedAt: rfc3339(startedAt),
    durationMs,
    counts,
    changes,
    imageUpdates: imageUpdates.slice(0, MAX_CHANGES),
    ...(omitted > 0 ? { omitted } : {}),
  };
}

/** The record with the health of more workloads. */
export function withHealth(record: SyncRecord, health: RecordedHealths): SyncRecord {
  return { ...record, health: mergeHealth(record.health, health) };
}

/**
 * The record within a number of bytes, for places with less room than Git has. What is missed least is left out first; what later syncs
 * go by stays: the approvals.
 */
export function shrinkSyncRecord(record: SyncRecord, maxBytes: number): SyncRecord {
  const brief = { ...record, imageUpdates: [], changes: record.changes.map(({ place: _, reason: __, ...change }) => change) };
  const { health: _, ...rest } = brief;
  const bare = { ...rest, changes: [], counts: {}, omitted: (record.omitted ?? 0) + record.changes.length };
  const fits = (each: SyncRecord) => Buffer.byteLength(formatSyncRecord(each)) <= maxBytes;
  return [record, { ...record, imageUpdates: [] }, brief, rest].find(fits) ?? bare;
}

export function formatSyncRecord(record: SyncRecord): string {
  return goJson(record);
}

/**
 * Whether a later sync of the same revision is worth a new record. Only failures and remaining approved deletions count; that the second
 * sync found everything unchanged, or its duration, does not.
 */
export function differsInTrouble(recorded: string | undefined, record: SyncRecord): boolean {
  const before = recorded === undefined ? undefined : parse(recorded);
  return (
    before === undefined ||
    before.allowPrune !== record.allowPrune ||
    before.unconfirmed !== record.unconfirmed ||
    JSON.stringify(before.units) !== JSON.stringify(record.units) ||
    signature(before.changes) !== signature(record.changes)
  );
}

/** Whether the recorded sync left deletions that need approval. */
export function recordedUnconfirmed(recorded: string): boolean {
  return parse(recorded)?.unconfirmed === true;
}

/** The units of the recorded sync; undefined if it is not a record of ours. */
export function recordedUnits(recorded: string): Readonly<Record<string, number>> | undefined {
  const record = parse(recorded);
  return record && (record.units ?? {});
}

/** Number of approved deletions of a commit that its recorded sync left undone; undefined for none. */
export function recordedAllowPrune(recorded: string, confirmed: number): number | undefined {
  const left = parse(recorded)?.allowPrune;
  return left === undefined ? undefined : Math.min(left, confirmed);
}

function signature(changes: readonly RecordedChange[]): string {
  return changes
    .filter(isTrouble)
    .map(({ id, outcome, place, reason }) => JSON.stringify([outcome, id, place, reason]))
    .sort()
    .join('\n');
}

function isTrouble({ outcome }: RecordedChange): boolean {
  return TROUBLE.has(outcome);
}

function shorten(change: RecordedChange): RecordedChange {
  const { reason } = change;
  return reason !== undefined && reason.length > MAX_TEXT ? { ...change, reason: `${reason.slice(0, MAX_TEXT)}…` } : change;
}

const textSchema = z.string();
const changeSchema = z.object({
  id: textSchema.exactOptional(),
  outcome: textSchema,
  place: textSchema.exactOptional(),
  reason: textSchema.exactOptional(),
});
const recordSchema = z.object({
  version: z.literal(1),
  daemon: textSchema,
  revision: textSchema,
  previous: textSchema.exactOptional(),
  allowPrune: z.number().exactOptional(),
  unconfirmed: z.literal(true).exactOptional(),
  units: z.record(textSchema, z.number()).exactOptional(),
  windowOverridden: textSchema.exactOptional(),
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  counts: z.record(textSchema, z.number()),
  changes: z.array(changeSchema),
  imageUpdates: z.array(
    z.object({ commit: textSchema, workload: textSchema, container: textSchema, from: textSchema, to: textSchema }),
  ),
  omitted: z.number().exactOptional(),
  health: healthsSchema.exactOptional(),
});

/** Parses a complete record from Git, which anyone with push access may have written; undefined if invalid. */
export function parseSyncRecord(text: string): SyncRecord | undefined {
  const record = recordSchema.safeParse(parseJson(text));
  return record.success ? record.data : undefined;
}

/** The fields that later syncs need, even of an incomplete record. */
function parse(text: string): Pick<SyncRecord, 'allowPrune' | 'unconfirmed' | 'units' | 'changes'> | undefined {
  const value = parseJson(text);
  if (!isFields(value) || !Array.isArray(value.changes)) return undefined;
  const { allowPrune, unconfirmed, units } = value;
  return {
    changes: value.changes.filter((change: unknown): change is RecordedChange => isFields(change) && 'outcome' in change),
    ...(typeof allowPrune === 'number' && allowPrune > 0 ? { allowPrune } : {}),
    ...(unconfirmed === true ? { unconfirmed } : {}),
    ...(isFields(units) ? { units: Object.fromEntries(Object.entries(units).filter(isCount)) } : {}),
  };
}

function isCount(entry: readonly [string, unknown]): entry is [string, number] {
  return typeof entry[1] === 'number';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { createHash } from 'node:crypto';
import { formatSyncRecord, parseSyncRecord, shrinkSyncRecord } from '../../../record/index.ts';
import { isRevision, type Revision } from '../../../repository/index.ts';

/** What the annotations of a Secret say of earlier syncs. */
export interface Marked {
  /** The sync marker. */
  readonly revision?: Revision;
  /** The records of the last syncs, by revision, newest first. */
  readonly records: ReadonlyMap<Revision, string>;
}

export const NOTHING_MARKED: Marked = { records: new Map() };

/** The names of the annotations of one source. */
export interface MarkedKeys {
  /** Flux v1's. */
  readonly revision: string;
  readonly records: string;
}

/** The source that is described by flags has the annotation of Flux v1. */
const UNNAMED = 'default';
/** A name of an annotation has 63 characters after its prefix. */
const MAX_NAME = 50;

export function markedKeys(source: string): MarkedKeys {
  const name =
    source.length <= MAX_NAME
      ? source
      : `${source.slice(0, 41)}-${createHash('sha256').update(source).digest('hex').slice(0, 8)}`;
  const suffix = source === UNNAMED ? '' : `.${name}`;
  return { revision: `flux.weave.works/sync-hwm${suffix}`, records: `fluxcd.io/sync-records${suffix}` };
}

/** Limits of what is kept in annotations, of which an object has at most 256 KiB. Two: that of the marker, and that of a sync in progress, or of the marker before. */
const MAX_RECORDS = 2;
const MAX_RECORD_BYTES = 24 * 1024;

/** Anyone with the right to the Secret may have written it: what is no marker and no record is left out. */
export function parseMarked(annotations: ReadonlyMap<string, string>, keys: MarkedKeys): Marked {
  const revision = annotations.get(keys.revision) ?? '';
  const records = listIn(annotations.get(keys.records) ?? '[]').flatMap((value) => parseSyncRecord(JSON.stringify(value)) ?? []);
  return {
    ...(isRevision(revision) ? { revision } : {}),
    records: new Map(records.slice(0, MAX_RECORDS).map((record) => [record.revision, formatSyncRecord(record)])),
  };
}

export function formatMarked({ revision, records }: Marked, keys: MarkedKeys): Readonly<Record<string, string | null>> {
  return {
    [keys.revision]: revision ?? null,
    [keys.records]: records.size === 0 ? null : `[${[...records.values()].join(',')}]`,
  };
}

/** With the marker moved, and with the record of a sync; beside it, that of the marker or of the one before is kept. */
export function withSync(
  marked: Marked,
  { revision, record, moves }: { readonly revision: Revision; readonly record?: string; readonly moves: boolean },
): Marked {
  const marker = moves ? revision : marked.revision;
  const parsed = record === undefined ? undefined : parseSyncRecord(record);
  const text = parsed ? formatSyncRecord(shrinkSyncRecord(parsed, MAX_RECORD_BYTES)) : marked.records.get(revision);
  const records = new Map(text === undefined ? [] : [[revision, text]]);
  const others = [marker, marked.revision, ...marked.records.keys()].filter((each) => each !== revision);
  for (const other of others) {
    const kept = other === undefined ? undefined : marked.records.get(other);
    if (other !== undefined && kept !== undefined && records.size < MAX_RECORDS) records.set(other, kept);
  }
  return { ...(marker === undefined ? {} : { revision: marker }), records };
}

function listIn(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

import type { Cancellable } from '../../base/index.ts';
import { healthOf, parseSyncRecord, type SyncRecord } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';
import { readNewCommits } from '../sync/new-commits.ts';
import { type FindOptions, findTrials, isRevert } from './find-trials.ts';
import type { Trial } from './trial.ts';

/** What earlier processes, or other daemons, did. */
export interface Recent {
  /** Updates whose outcome is not known. */
  readonly trials: readonly Trial[];
  /** With their times, in milliseconds since the epoch. */
  readonly reverts: readonly { readonly revision: Revision; readonly at: number }[];
}

/** Limit of the sync records that are read. */
const MAX_RECORDS = 50;

/**
 * Reads the commits that were made since a time, and the records of their syncs.
 * @throws FluxError if Git cannot be asked.
 */
export async function readRecent(
  source: Pick<Source, 'commits' | 'notes' | 'syncRecords'>,
  { revision, since, ...options }: FindOptions & { readonly revision: Revision; readonly since: number },
  cancel: Cancellable,
): Promise<Recent> {
  const read = await readNewCommits(source, { revision }, cancel);
  if (read.state === 'unread') throw read.error;
  const recent = read.commits.filter(({ committedAt }) => committedAt >= since);
  const found = findTrials(recent, options);
  const texts = found.length === 0 ? [] : await source.syncRecords(revisionsOf(recent), MAX_RECORDS, cancel);
  const records = texts.flatMap(({ text }) => parseSyncRecord(text) ?? []);
  return {
    trials: found.filter((trial) => !records.some((record) => becameHealthy(trial, record))),
    reverts: recent.filter(isRevert).map(({ revision: revert, committedAt: at }) => ({ revision: revert, at })),
  };
}

function revisionsOf(commits: readonly { readonly revision: Revision }[]): readonly Revision[] {
  return commits.map(({ revision }) => revision);
}

function becameHealthy({ workload, images }: Trial, record: SyncRecord): boolean {
  const known = healthOf(record, workload);
  return known?.state === 'healthy' && images.every(({ container, bad }) => known.images[container] === bad);
}

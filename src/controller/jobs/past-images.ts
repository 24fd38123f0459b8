import type { Cancellable } from '../../base/index.ts';
import { healthOf, parseSyncRecord } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { PastImages } from '../../update/index.ts';
import type { Source } from '../ports/source.ts';

/** Limits of commits and of records that are read for one workload. */
const MAX_COMMITS = 1_000;
const MAX_RECORDS = 500;
const BATCH = 20;

/** The images that workloads had in the synced revisions of a commit's history, from the sync records. */
export function createPastImages(
  source: Pick<Source, 'commits' | 'syncRecords'>,
  from: Revision,
  cancel: Cancellable,
): PastImages {
  return {
    async *healthy(id: ResourceId) {
      const commits = await source.commits({ to: from, limit: MAX_COMMITS, allPaths: true }, cancel);
      let revisions = commits.map(({ revision }) => revision);
      for (let read = 0; read < MAX_RECORDS && revisions.length > 0; read += BATCH) {
        const found = await source.syncRecords(revisions, BATCH, cancel);
        for (const { text } of found) {
          const workload = healthOf(parseSyncRecord(text) ?? {}, id);
          if (workload?.state === 'healthy') yield workload.images;
        }
        const last = found.length < BATCH ? undefined : found.at(-1)?.revision;
        revisions = last === undefined ? [] : revisions.slice(revisions.indexOf(last) + 1);
      }
    },
  };
}

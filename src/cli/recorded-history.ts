import { tmpdir } from 'node:os';
import { interruptible } from './interruptible.ts';
import type { PastSync } from './past-syncs.ts';
import type { Session } from './session.ts';

export interface RecordedHistory {
  readonly syncs: readonly PastSync[];
  /** Number of records that are not in a form that this version reads. */
  readonly skipped: number;
}

/** Past syncs of a repository, newest first, read without a daemon. */
export async function recordedHistory(
  { env, clock, rolloutTimeoutMs: timeoutMs }: Session,
  repository: { readonly repository: string; readonly branch: string; readonly notesRef: string },
  limit: number,
): Promise<RecordedHistory> {
  // Loaded on demand: no other command needs git.
  const [{ recordedSyncs }, { parseSyncRecord }] = await Promise.all([import('../git/index.ts'), import('../record/index.ts')]);
  const options = { ...repository, temporaryDirectory: tmpdir(), environment: env, timeoutMs, clock };
  const found = await interruptible((signal) => recordedSyncs({ ...options, signal }, limit));
  const records = found.map(({ text }) => parseSyncRecord(text));
  const syncs = records.flatMap((record): readonly PastSync[] => {
    if (!record) return [];
    const { version: _, allowPrune: __, unconfirmed: ___, windowOverridden: ____, ...sync } = record;
    return [
      {
        ...sync,
        counts: { ...sync.counts },
        changes: [...sync.changes],
        imageUpdates: [...sync.imageUpdates],
        ...healthOf(sync),
      },
    ];
  });
  return { syncs, skipped: records.length - syncs.length };
}

function healthOf({ health }: Pick<PastSync, 'health'>): Pick<PastSync, 'health'> {
  return health === undefined ? {} : { health };
}

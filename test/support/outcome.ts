import type { NewCommit } from '../../src/controller/sync/new-commits.ts';
import type { SyncOutcome } from '../../src/controller/sync/sync-outcome.ts';
import { accept } from '../../src/git/accept.ts';
import { parseJobNote } from '../../src/record/index.ts';
import type { Commit } from '../../src/repository/index.ts';

/** The outcome of a sync in which nothing happened, except what is given. */
export function outcomeOf({
  revision = '1'.repeat(40),
  ...part
}: Partial<Omit<SyncOutcome, 'revision'> & { readonly revision: string }> = {}): SyncOutcome {
  return {
    revision: accept(revision),
    startedAt: 0,
    finishedAt: 1,
    changes: [],
    errors: [],
    warnings: [],
    newCommits: { state: 'read', commits: [] },
    workloads: new Map(),
    ...part,
  };
}

/** The commits of a sync, newest first, with their notes as text by revision. */
export function newCommits(commits: readonly Commit[], notes: Readonly<Record<string, string>> = {}): SyncOutcome['newCommits'] {
  return {
    state: 'read',
    commits: commits.map((commit): NewCommit => {
      const job = parseJobNote(notes[commit.revision] ?? '');
      return job ? { ...commit, job } : commit;
    }),
  };
}

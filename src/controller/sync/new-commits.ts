import { asFluxError, type Cancellable, type FluxError } from '../../base/index.ts';
import { parseJobNote, type RecordedJob } from '../../record/index.ts';
import type { Commit, Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';

/** Limit of reported commits of one sync; Flux v1 had none. */
const MAX_NEW_COMMITS = 200;

/** A new commit of a sync, with the note of the job that made it. */
export interface NewCommit extends Commit {
  readonly job?: RecordedJob;
}

/** The new commits of a sync in the synced paths, newest first; `unread` if Git could not be asked. */
export type NewCommits =
  | { readonly state: 'read'; readonly commits: readonly NewCommit[] }
  | { readonly state: 'unread'; readonly error: FluxError };

/** Reads the new commits of a sync and the job notes on them. Never rejects. */
export async function readNewCommits(
  source: Pick<Source, 'commits' | 'notes'>,
  { previous, revision }: { readonly previous?: Revision | undefined; readonly revision: Revision },
  cancel: Cancellable = {},
): Promise<NewCommits> {
  if (previous === revision) return { state: 'read', commits: [] };
  try {
    const commits = await source.commits({ from: previous, to: revision, limit: MAX_NEW_COMMITS }, cancel);
    const notes =
      commits.length === 0 ? new Map<Revision, string>() : await source.notes(commits.map((commit) => commit.revision));
    return { state: 'read', commits: commits.map((commit) => withJob(commit, notes.get(commit.revision))) };
  } catch (error) {
    return { state: 'unread', error: asFluxError(error, { code: 'git/failed' }) };
  }
}

function withJob(commit: Commit, note = ''): NewCommit {
  const job = parseJobNote(note);
  return job ? { ...commit, job } : commit;
}

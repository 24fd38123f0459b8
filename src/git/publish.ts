import { type Cancellable, type Clock, FluxError } from '../base/index.ts';
import type { CommitRequest, SyncRecordRequest } from '../repository/index.ts';
import type { RefUpdate } from './commands/remote.ts';
import type { Identity } from './commands/write.ts';
import { makeCommit } from './commit.ts';
import { withinDeadline } from './deadline.ts';
import { createDelivery, type DeliveryOptions } from './delivery.ts';
import type { RunOptions } from './git-process.ts';
import { listCommits } from './history.ts';
import { commitMessage, JOB_TRAILER, parseAuthor } from './message.ts';
import { draftNote, noteOf } from './notes.ts';
import { pushRaced } from './push.ts';
import { makeSyncTag } from './sync-tag.ts';

export interface PublisherOptions extends DeliveryOptions {
  readonly branch: string;
  /** Full names. */
  readonly notesRef: string;
  readonly recordRef: string;
  readonly syncTag: string;
  readonly identity: Identity;
  readonly setAuthor: boolean;
  readonly skipMessage: string;
  readonly clock: Clock;
}

/** From the record in Git, if there is one, to the record to write. */
export type RecordChange = (recorded: string | undefined) => string | undefined;

interface RecordWrite {
  readonly revision: string;
  readonly movesTag: boolean;
  readonly change: RecordChange;
}

/** Retries of pushes that lost to another note rather than to a commit. */
const NOTE_ATTEMPTS = 5;

export type Publisher = ReturnType<typeof createPublisher>;

/**
 * All writes to the remote. Each push states the expected values of refs, so that it never overwrites changes of others. Since a
 * connection can break after the server accepted a push, every failure is followed by a fetch to learn the outcome.
 */
export function createPublisher(options: PublisherOptions) {
  const { mirror, reader, branch, notesRef, recordRef, syncTag, identity, timeoutMs, clock, log } = options;
  const { git } = mirror;
  const branchRef = `refs/heads/${branch}`;
  const tagRef = `refs/tags/${syncTag}`;
  const { push, learn } = createDelivery(options);

  async function commit(request: CommitRequest, { signal }: Cancellable): Promise<string> {
    const { base, jobId, note } = request;
    const revision = await withinDeadline('git commit', timeoutMs, signal, (bounded) => prepare(request, { signal: bounded }));
    for (let attempt = 1; ; attempt += 1) {
      const notesBefore = await withinDeadline('git notes', timeoutMs, signal, (bounded) =>
        reader.resolve(notesRef, { signal: bounded }),
      );
      const failure = await push(
        async (run) => [
          { ref: branchRef, target: revision, expected: base },
          await noteUpdate(notesRef, notesBefore, revision, note, run),
        ],
        signal,
      );
      if (!failure) return revision;
      await learn(failure, signal);
      const after = await withinDeadline('git log', timeoutMs, signal, async (bounded) => {
        const run = { signal: bounded };
        const head = await reader.resolve(branchRef, run);
        return { head, landed: head && (await findJob(base, head, jobId, run)), notes: await reader.resolve(notesRef, run) };
      });
      if (after.landed) {
        await ensureNote(after.landed, note, signal);
        return after.landed;
      }
      if (after.head !== base) throw pushRaced(branch, base, after.head);
      if (after.notes === notesBefore || attempt >= NOTE_ATTEMPTS) throw failure;
    }
  }

  /** The commit of a request whose push may have been accepted although its response was lost, with its note. Call after a fetch. */
  async function arrived({ base, jobId, note }: CommitRequest, { signal }: Cancellable): Promise<string | undefined> {
    const revision = await withinDeadline('git log', timeoutMs, signal, async (bounded) => {
      const run = { signal: bounded };
      // The base may be missing after history was rewritten.
      const [head, from] = await Promise.all([branchRef, `${base}^{commit}`].map((name) => reader.resolve(name, run)));
      return head === undefined ? undefined : findJob(from, head, jobId, run);
    });
    if (revision !== undefined) await ensureNote(revision, note, signal);
    return revision;
  }

  async function prepare({ base, edits, message, author, jobId }: CommitRequest, run: RunOptions): Promise<string> {
    const head = await reader.resolve(branchRef, run);
    if (head !== base) throw pushRaced(branch, base, head);
    return makeCommit(
      { git, reader, directory: mirror.directory },
      {
        base,
        edits,
        message: commitMessage(message, options.skipMessage, jobId),
        author: options.setAuthor && author !== undefined && author !== '' ? parseAuthor(author, identity) : identity,
        committer: identity,
      },
      run,
    );
  }

  function recordSync({ revision, record, tag }: SyncRecordRequest, cancel: Cancellable): Promise<void> {
    return writeRecord({ revision, movesTag: tag !== false, change: () => record }, cancel);
  }

  /** Changes the record that the remote has of a revision; the change may return undefined for none. */
  function amendRecord(revision: string, change: RecordChange, cancel: Cancellable): Promise<void> {
    return writeRecord({ revision, movesTag: false, change }, cancel);
  }

  /** Moves the sync tag and writes the revision's record, unless the remote has them already. */
  async function writeRecord({ revision, movesTag, change }: RecordWrite, { signal }: Cancellable): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const before = await withinDeadline('git notes', timeoutMs, signal, (bounded) => recorded(revision, { signal: bounded }));
      const record = change(before.record);
      const tagMoves = movesTag && before.tagged !== revision;
      const recordChanges = record !== undefined && record.trim() !== before.record?.trim();
      if (!tagMoves && !recordChanges) return;
      if (tagMoves)
        await withinDeadline('git fetch', timeoutMs, signal, (bounded) => requireInBranch(revision, { signal: bounded }));
      // The common date shows that they belong together (writers.ts).
      const seconds = secondsNow();
      const failure = await push(
        (run) =>
          allEnded([
            ...(tagMoves ? [tagUpdate(before.tag, revision, seconds, run)] : []),
            ...(recordChanges ? [noteUpdate(recordRef, before.records, revision, record, run, seconds)] : []),
          ]),
        signal,
      );
      if (!failure) return;
      await learn(failure, signal);
      const after = await withinDeadline('git notes', timeoutMs, signal, (bounded) => recorded(revision, { signal: bounded }));
      if (after.records === before.records && after.tag === before.tag) throw failure;
      if (attempt >= NOTE_ATTEMPTS) throw failure;
    }
  }

  /** A tag on a commit that was removed by rewriting history would upload it again, with the content that was to be removed. */
  async function requireInBranch(revision: string, run: RunOptions): Promise<void> {
    await mirror.refetchUnlessRecent(run);
    const head = await reader.resolve(branchRef, run);
    if (head === revision) return;
    const isThere = (await reader.resolve(`${revision}^{commit}`, run)) !== undefined;
    if (head !== undefined && isThere) {
      const missing = await git.log({ to: revision, from: head, limit: 1, paths: [], format: '%H' }, run);
      if (missing.length === 0) return;
    }
    throw new FluxError(`revision ${revision.slice(0, 7)} is no longer in branch "${branch}": its sync is not recorded`, {
      code: 'git/revision-removed',
      fault: 'user',
      help: 'The history of the branch was rewritten; the next sync applies its new head.',
    });
  }

  async function recorded(revision: string, run: RunOptions) {
    const [tag, tagged, records] = await Promise.all(
      [tagRef, `${tagRef}^{commit}`, recordRef].map((name) => reader.resolve(name, run)),
    );
    return {
      tag,
      tagged,
      records,
      record: records === undefined ? undefined : await noteOf(reader, records, revision, log, run),
    };
  }

  function secondsNow(): number {
    return Math.floor(clock.now() / 1000);
  }

  async function tagUpdate(current: string | undefined, revision: string, seconds: number, run: RunOptions): Promise<RefUpdate> {
    const tag = { name: syncTag, revision, tagger: identity, seconds };
    return { ref: tagRef, target: await makeSyncTag(mirror, tag, run), expected: current ?? '' };
  }

  async function noteUpdate(
    ref: string,
    current: string | undefined,
    commit: string,
    note: string,
    run: RunOptions,
    seconds = secondsNow(),
  ): Promise<RefUpdate> {
    const draft = await draftNote(git, reader, { ref, current, commit, note, identity, seconds }, run);
    return { ref, target: draft, expected: current ?? '' };
  }

  async function findJob(base: string | undefined, head: string, jobId: string, run: RunOptions): Promise<string | undefined> {
    const commits = await listCommits(git, { from: base, to: head, paths: [] }, identity.email, run);
    const isOurs = (trailer: { name: string; value: string }) =>
      trailer.name === JOB_TRAILER.toLowerCase() && trailer.value === jobId;
    return commits.find(({ ours, trailers }) => ours && trailers.some(isOurs))?.revision;
  }

  /** Pushes the note of a commit that has arrived. The note is only an index, so a failure is a warning. */
  async function ensureNote(revision: string, note: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await pushNote(revision, note, signal);
    } catch (error) {
      log.warn({ revision, error }, 'pushing the git note failed');
    }
  }

  async function pushNote(revision: string, note: string, signal: AbortSignal | undefined): Promise<void> {
    for (let attempt = 1; attempt <= NOTE_ATTEMPTS; attempt += 1) {
      const current = await withinDeadline('git notes', timeoutMs, signal, async (bounded) => {
        const run = { signal: bounded };
        const head = await reader.resolve(notesRef, run);
        return { head, noted: head !== undefined && (await noteOf(reader, head, revision, log, run)) !== undefined };
      });
      if (current.noted) return;
      const failure = await push(async (run) => [await noteUpdate(notesRef, current.head, revision, note, run)], signal);
      if (!failure) return;
      await learn(failure, signal);
      const after = await withinDeadline('git notes', timeoutMs, signal, (bounded) =>
        reader.resolve(notesRef, { signal: bounded }),
      );
      if (after === current.head || attempt === NOTE_ATTEMPTS) throw failure;
    }
  }

  return { commit, arrived, recordSync, amendRecord };
}

/** Like Promise.all, but waits for all to end even if one fails, so that no write to the mirror is still running afterwards. */
async function allEnded<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

import { LRUCache } from 'lru-cache';
import { asFluxError, type Clock, FluxError, type Logger } from '../base/index.ts';
import { gitAddress } from './address.ts';
import { withinDeadline } from './deadline.ts';
import { gitEnvironment, type SshFiles } from './environment.ts';
import type { OnRemote, RunOptions } from './git.ts';
import { type Commit, listCommits } from './history.ts';
import { createMirror } from './mirror.ts';
import { checkFile, checkIdentity, checkRef, isObjectId, notesRefOf, repositoryPath } from './names.ts';
import { noteBlobs, noteOf, readNote, readNotes } from './notes.ts';
import { ObjectReader } from './object-reader.ts';
import { type CommitRequest, createPublisher } from './publish.ts';
import { checkWritable } from './push.ts';
import { listFiles, type TreeFile } from './tree.ts';
import { safeUrl, shownUrl } from './url.ts';
import { findWriters, type Writers } from './writers.ts';

export interface SourceOptions {
  /** Empty: nothing is configured, every operation says so. */
  readonly url: string;
  readonly branch: string;
  /** Below the root of the repository; none means all of it. */
  readonly paths: readonly string[];
  /** Where the mirror lives; this source's alone, created when missing. */
  readonly directory: string;
  readonly user: string;
  readonly email: string;
  readonly syncTag: string;
  /** `flux` stands for `refs/notes/flux`. */
  readonly notesRef: string;
  /** The cause user becomes the author of a commit. */
  readonly setAuthor?: boolean;
  /** Appended to every message, as it is. */
  readonly skipMessage: string;
  /** For each Git operation: a fetch, a push, a read. */
  readonly timeoutMs: number;
  /** Asked before each push; what it throws is thrown, and nothing is pushed. Default: always. */
  readonly mayPush?: () => void;
  readonly ssh: SshFiles;
  /** The daemon's own environment; git gets an explicit selection of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The largest file that is read, in bytes. Default 16 MiB. */
  readonly maxBlobBytes?: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of each command that spoke to the remote. */
  readonly onRemote?: OnRemote;
}

export interface SourceState {
  readonly status: 'unconfigured' | 'new' | 'cloned' | 'ready' | 'unreachable';
  readonly error?: FluxError;
}

interface Cancellable {
  readonly signal?: AbortSignal;
}

/** A refused write check is repeated at most this often, in milliseconds: hosts lock out clients that hammer. */
const WRITE_CHECK_INTERVAL_MS = 60_000;

export type GitSource = ReturnType<typeof createSource>;

/**
 * One repository with its mirror.
 * @throws FluxError `git/bad-url` or `git/bad-option`, naming the flag, before any process is started
 */
export function createSource(options: SourceOptions) {
  const { branch, syncTag, directory, timeoutMs, clock, log } = options;
  checkRef('--git-branch', branch);
  checkRef('--git-sync-tag', syncTag);
  checkIdentity('--git-user', options.user);
  checkIdentity('--git-email', options.email);
  checkFile('SSH identity file', options.ssh.identityFile);
  checkFile('SSH known_hosts file', options.ssh.knownHostsFile);
  const notesRef = notesRefOf(options.notesRef);
  checkRef('--git-notes-ref', notesRef.replace('refs/notes/', ''));
  const recordRef = `${notesRef}-sync`;
  const paths = options.paths.map(repositoryPath);
  const literalPaths = paths.includes('') ? [] : paths;
  const remote = options.url === '' ? undefined : gitAddress(options.url);

  const environment = gitEnvironment({ inherited: options.environment, ssh: options.ssh, ...(remote ? { remote } : {}) });
  const mirror = createMirror({
    directory,
    address: remote?.address ?? '',
    branch,
    notesRef,
    environment,
    clock,
    log,
    resolve: (expression, run) => reader.resolve(expression, run),
    ...(options.onRemote ? { onRemote: options.onRemote } : {}),
    onReplaced: () => {
      reader.restart();
      present.clear();
      logged.clear();
      resolved.clear();
      listed = undefined;
    },
  });
  const { git } = mirror;
  const reader = new ObjectReader({
    gitDir: mirror.gitDir,
    cwd: directory,
    environment: gitEnvironment({ inherited: options.environment, ssh: {} }),
    maxBytes: options.maxBlobBytes ?? 16 * 2 ** 20,
    onDamage: mirror.markSuspect,
  });
  const publisher = createPublisher({
    mirror,
    reader,
    branch,
    notesRef,
    recordRef,
    syncTag,
    identity: { name: options.user, email: options.email },
    setAuthor: options.setAuthor ?? false,
    skipMessage: options.skipMessage,
    timeoutMs,
    ...(options.mayPush ? { mayPush: options.mayPush } : {}),
    clock,
    log,
  });

  const notCloned = new FluxError('git repo has not been cloned yet', { code: 'git/not-cloned' });
  let state: SourceState = { status: remote ? 'new' : 'unconfigured', error: notCloned };
  let head: string | undefined;
  /** Commits that were found in the mirror, which keeps what it has: each is looked for once. */
  const present = new LRUCache<string, true>({ max: 1000 });
  let writable = false;
  let writeCheckedAt = Number.NEGATIVE_INFINITY;
  let listed: { readonly revision: string; readonly files: readonly TreeFile[] } | undefined;
  /** Answers about commits, also those under way: a commit and its ancestors never change, and the same is asked time and again. */
  const logged = new LRUCache<string, Promise<readonly Commit[]>>({ max: 8 });
  /** What names stand for, also what is being looked up; good until the mirror changes. */
  const resolved = new LRUCache<string, Promise<string | undefined>>({ max: 1000 });
  const markNames = [`refs/tags/${syncTag}^{commit}`, recordRef];
  /** What the sync tag and the records' ref name; undefined after anything that may have moved them. */
  let generation = 0;
  let marks: { readonly tagged: string | undefined; readonly records: string | undefined } | undefined;
  let recorded:
    | { readonly records: string | undefined; readonly revision: string; readonly text: string | undefined }
    | undefined;
  let noted: { readonly notes: string; readonly blobs: ReadonlyMap<string, string> } | undefined;

  /** One operation at a time may change the mirror. */
  let last: Promise<unknown> = Promise.resolve();
  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(() => {
      marks = undefined;
      generation += 1;
      return work().finally(() => {
        generation += 1;
        // Whoever asks from now on wants to hear of what was written; until now nobody could.
        resolved.clear();
      });
    });
    last = result.catch(() => undefined);
    return result;
  }

  function requireConfigured(): void {
    if (!remote)
      throw new FluxError('git repo does not have valid config', {
        code: 'git/unconfigured',
        fault: 'user',
        help: 'Start fluxd with --git-url.',
      });
  }

  /** Runs a read of the mirror; before the first fetch there is nothing to read. */
  function reading<T>(operation: string, signal: AbortSignal | undefined, work: (run: RunOptions) => Promise<T>): Promise<T> {
    requireReady();
    return withinDeadline(operation, timeoutMs, signal, (bounded) => work({ signal: bounded }));
  }

  function requireReady(): void {
    requireConfigured();
    if (head === undefined)
      throw new FluxError(`git repo not ready: ${(state.error ?? notCloned).message}`, {
        code: 'git/not-ready',
        ...(state.error?.help === undefined ? {} : { help: state.error.help }),
      });
  }

  async function fetchNow(signal: AbortSignal | undefined): Promise<string> {
    requireConfigured();
    let fetched: string | undefined;
    try {
      const { head: found, named } = await withinDeadline('git fetch', timeoutMs, signal, (bounded) =>
        mirror.update(markNames, { signal: bounded }),
      );
      fetched = found;
      marks = { tagged: named[0], records: named[1] };
    } catch (error) {
      signal?.throwIfAborted();
      const failure = asFluxError(error, { code: 'git/fetch-failed' });
      state = { status: failure.code === 'git/unreachable' ? 'unreachable' : 'new', error: failure };
      throw failure;
    }
    if (fetched === undefined) {
      const error = new FluxError(`configured branch '${branch}' does not exist`, {
        code: 'git/branch-missing',
        fault: 'user',
        help: 'Push the branch, or correct --git-branch.',
      });
      state = { status: 'cloned', error };
      throw error;
    }
    head = fetched;
    present.set(fetched, true);
    await checkWriteAccess(fetched, signal);
    return fetched;
  }

  /** Syncing needs no write access, so a refusal is shown in the state and the fetch succeeds. */
  async function checkWriteAccess(revision: string, signal: AbortSignal | undefined): Promise<void> {
    if (!writable && clock.now() - writeCheckedAt >= WRITE_CHECK_INTERVAL_MS) {
      writeCheckedAt = clock.now();
      const refusal = await withinDeadline('attempt to push', timeoutMs, signal, (bounded) =>
        checkWritable(mirror, branch, revision, { signal: bounded }),
      ).catch((error: unknown) => {
        signal?.throwIfAborted();
        return asFluxError(error, { code: 'git/not-writable' });
      });
      writable = refusal === undefined;
      if (refusal) state = { status: 'cloned', error: refusal };
    }
    if (writable) state = { status: 'ready' };
    else if (state.status !== 'cloned')
      state = {
        status: 'cloned',
        error: new FluxError('git repo has been cloned but not yet checked for write access', { code: 'git/not-writable' }),
      };
  }

  /** Writes, then follows the branch: also a failed push may have brought a new head. */
  function publishing<T>(work: () => Promise<T>): Promise<T> {
    return exclusively(async () => {
      requireReady();
      try {
        return await work();
      } finally {
        head = await currentHead();
        marks = undefined;
      }
    });
  }

  async function currentMarks(run: RunOptions): Promise<NonNullable<typeof marks>> {
    if (marks) return marks;
    const before = generation;
    const [tagged, records] = await Promise.all(markNames.map((name) => reader.resolve(name, run)));
    // What was read while somebody wrote may be old by now.
    if (before === generation) marks = { tagged, records };
    return { tagged, records };
  }

  async function currentNotes(run: RunOptions): Promise<ReadonlyMap<string, string>> {
    const notes = await reader.resolve(notesRef, run);
    if (notes === undefined) return new Map();
    if (noted?.notes !== notes) noted = { notes, blobs: await noteBlobs(git, notesRef, run) };
    return noted.blobs;
  }

  async function currentHead(): Promise<string | undefined> {
    try {
      const ref = `refs/heads/${branch}`;
      return (await withinDeadline('git cat-file', timeoutMs, undefined, (signal) => reader.resolve(ref, { signal }))) ?? head;
    } catch (error) {
      mirror.markSuspect();
      log.warn({ error }, 'head of the git mirror cannot be read');
      return head;
    }
  }

  return {
    safeUrl: safeUrl(options.url),
    shownUrl: shownUrl(options.url),
    branch,
    paths: options.paths,

    state: () => state,
    head: () => head,
    fetch: ({ signal }: Cancellable = {}) => exclusively(() => fetchNow(signal)),

    files: async (revision: string, { signal }: Cancellable = {}): Promise<readonly TreeFile[]> => {
      if (listed?.revision === revision) return listed.files;
      const files = await reading('git ls-tree', signal, async (run) => {
        await requireRevision(revision, run);
        return listFiles(git, revision, paths, run).catch((error: unknown) => {
          const isDamage = error instanceof FluxError && error.code !== 'git/path-missing' && error.code !== 'git/timeout';
          if (isDamage && !run.signal.aborted) mirror.markSuspect();
          throw error;
        });
      });
      listed = { revision, files };
      return files;
    },

    blob: async (id: string, { signal }: Cancellable = {}): Promise<Buffer> =>
      reading('git cat-file', signal, (run) => reader.read(id, run)),

    resolve: async (ref: string): Promise<string | undefined> => {
      // The process that reads everything answers this too: what ends it (a reflog entry that is not there), or keeps it busy (a search
      // by message), nobody may ask for.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the purpose
      if (ref === '' || ref.length > 250 || /^[-:]|[\x00-\x20\x7f:?*[\\]|\.\.|[@^]\{/.test(ref)) return undefined;
      if (present.has(ref)) return ref;
      const name = ref.replace(/^HEAD(?=$|[~^])/, `refs/heads/${branch}`);
      return shared(resolved, name, () => reading('git cat-file', undefined, (run) => reader.resolve(`${name}^{commit}`, run)));
    },

    commits: async (
      range: { readonly from?: string | undefined; readonly to: string; readonly limit?: number; readonly allPaths?: boolean },
      { signal }: Cancellable = {},
    ): Promise<readonly Commit[]> => {
      const question = JSON.stringify([range.from, range.to, range.limit, range.allPaths]);
      const list = () =>
        reading('git log', signal, async (run) => {
          if (range.from !== undefined && !isObjectId(range.from)) throw badRevision(range.from);
          await requireRevision(range.to, run);
          // One that is gone (history was rewritten, R-032) counts as none; it may be fetched later.
          const from = range.from !== undefined && (await isPresent(range.from, run)) ? range.from : undefined;
          if (from !== range.from) logged.delete(question);
          const asked = { to: range.to, limit: range.limit, paths: range.allPaths ? [] : literalPaths };
          return listCommits(git, { ...asked, from }, options.email, run);
        });
      // Others must not wait for what this caller may end.
      return signal === undefined ? shared(logged, question, list) : (logged.get(question) ?? list());
    },

    syncTag: async (): Promise<string | undefined> =>
      reading('git cat-file', undefined, async (run) => (await currentMarks(run)).tagged),

    syncRecord: async (revision: string): Promise<string | undefined> =>
      reading('git notes', undefined, async (run) => {
        const { records } = await currentMarks(run);
        if (recorded?.revision === revision && recorded.records === records) return recorded.text;
        const text = isObjectId(revision) && records ? await noteOf(reader, records, revision, log, run) : undefined;
        recorded = { records, revision, text };
        return text;
      }),

    syncRecords: async (
      revisions: readonly string[],
      limit: number,
      { signal }: Cancellable = {},
    ): Promise<readonly { readonly revision: string; readonly text: string }[]> =>
      reading('git notes', signal, async (run) => {
        const { records } = await currentMarks(run);
        const blobs = records ? await noteBlobs(git, recordRef, run) : new Map<string, string>();
        const found: { readonly revision: string; readonly text: string }[] = [];
        for (const revision of revisions) {
          if (found.length === limit) break;
          const blob = blobs.get(revision);
          const text = blob === undefined ? undefined : await readNote(reader, blob, revision, log, run);
          if (text !== undefined) found.push({ revision, text });
        }
        return found;
      }),

    noteBlobs: async (): Promise<ReadonlyMap<string, string>> => reading('git notes', undefined, currentNotes),

    notes: async (revisions: readonly string[]): Promise<ReadonlyMap<string, string>> =>
      reading('git notes', undefined, async (run) => {
        const blobs = await currentNotes(run);
        return readNotes(
          reader,
          revisions.flatMap((revision) => {
            const blob = blobs.get(revision);
            return blob === undefined ? [] : [[revision, blob] as const];
          }),
          log,
          run,
        );
      }),

    writers: async ({ signal }: Cancellable = {}): Promise<Writers> =>
      reading('git log', signal, async (run) => {
        const noted = [...(await currentNotes(run)).keys()];
        return findWriters(git, reader, { syncTag, notesRef, recordRef, noted }, log, run);
      }),

    commit: (request: CommitRequest, { signal }: Cancellable = {}): Promise<string> =>
      publishing(() => publisher.commit(request, signal ? { signal } : {})),

    recordSync: (request: { readonly revision: string; readonly record?: string }, { signal }: Cancellable = {}): Promise<void> =>
      publishing(() => publisher.recordSync(request, signal ? { signal } : {})),

    close: async (): Promise<void> => {
      reader.close();
      await last;
    },
  };

  async function isPresent(revision: string, run: RunOptions): Promise<boolean> {
    if (present.has(revision)) return true;
    const found = (await reader.resolve(`${revision}^{tree}`, run)) !== undefined;
    if (found) present.set(revision, true);
    return found;
  }

  async function requireRevision(revision: string, run: RunOptions): Promise<void> {
    if (!isObjectId(revision)) throw badRevision(revision);
    if (await isPresent(revision, run)) return;
    mirror.markSuspect();
    throw new FluxError(`revision ${revision}: not in the mirror`, { code: 'git/revision-missing', fault: 'missing' });
  }
}

/** The answer that is there or under way, or a new one; failures are not kept. */
function shared<T>(answers: LRUCache<string, Promise<T>>, question: string, ask: () => Promise<T>): Promise<T> {
  const known = answers.get(question);
  if (known) return known;
  const asked = ask().catch((error: unknown) => {
    if (answers.peek(question) === asked) answers.delete(question);
    throw error;
  });
  answers.set(question, asked);
  return asked;
}

function badRevision(text: string): FluxError {
  return new FluxError(`"${text.slice(0, 80)}" is not a full revision`, { code: 'git/bad-revision', fault: 'user' });
}

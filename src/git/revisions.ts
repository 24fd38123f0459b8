import { LRUCache } from 'lru-cache';
import { type Cancellable, FluxError } from '../base/index.ts';
import type { Commit, Lineage, LineChange, LineRange, TreeFile } from '../repository/index.ts';
import { lineChanges } from './blame.ts';
import type { Reading } from './branch.ts';
import { changedFiles, type Listing } from './changed-files.ts';
import { hasControlCharacter } from './control-character.ts';
import type { RunOptions } from './git-process.ts';
import { listCommits } from './history.ts';
import { linkTargets } from './link-targets.ts';
import type { Mirror } from './mirror.ts';
import { isObjectId } from './names.ts';
import type { ObjectReader } from './object-reader.ts';
import type { Wanted } from './selection.ts';
import { listFiles } from './tree.ts';

export interface RevisionsOptions {
  readonly mirror: Mirror;
  readonly reader: ObjectReader;
  readonly reading: Reading;
  /** What `HEAD` stands for. */
  readonly followedRef: string;
  /** Plain paths relative to the repository root; an empty one means the whole repository. */
  readonly paths: readonly string[];
  /** Pattern of listed file names; targets of links with such names are listed as well. */
  readonly names: RegExp;
  /** Our committer e-mail address. */
  readonly email: string;
  /** Runs an operation that writes to the mirror in turn. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Errors that do not indicate a damaged mirror. */
const NO_DAMAGE: readonly string[] = ['git/path-missing', 'git/too-many-files', 'git/timeout'];

export type Revisions = ReturnType<typeof createRevisions>;

/** Access to commits of the mirror: names, trees, files and history. */
export function createRevisions(options: RevisionsOptions) {
  const { mirror, reader, reading, followedRef, paths, names, email, exclusively } = options;
  const { git } = mirror;
  const literalPaths = paths.includes('') ? [] : paths;
  /** Commits known to be in the mirror, which are then not checked again. */
  const present = new LRUCache<string, true>({ max: 1000 });
  /** Cached and pending results about commits: a commit and its ancestors never change, and the same queries recur. */
  const logged = new LRUCache<string, Promise<readonly Commit[]>>({ max: 8 });
  /** Cached and pending resolutions of names; valid until the mirror changes. */
  const resolved = new LRUCache<string, Promise<string | undefined>>({ max: 1000 });
  /** The last listing, without and with the targets of links. */
  let listed: (Listing & { readonly all: readonly TreeFile[] }) | undefined;

  return {
    files: async (revision: string, { signal }: Cancellable = {}): Promise<readonly TreeFile[]> => {
      if (listed?.revision === revision) return listed.all;
      if (!mirror.hasFilesOf(revision)) await fetchFiles((run) => mirror.fetchFilesOf(revision, run), revision, signal);
      listed = await reading('git ls-tree', signal, async (run) => {
        await requireRevision(revision, run);
        return list(revision, run).catch((error: unknown) => {
          const isDamage = error instanceof FluxError && !NO_DAMAGE.includes(error.code);
          if (isDamage && !run.signal.aborted) mirror.markSuspect();
          throw error;
        });
      });
      return listed.all;
    },

    /** The files of a revision that is read beside the sync: nothing is fetched, and what `files` keeps stays. */
    filesAside: async (revision: string, { signal }: Cancellable = {}): Promise<readonly TreeFile[]> => {
      if (!isObjectId(revision)) throw badRevision(revision);
      if (listed?.revision === revision) return listed.all;
      return reading('git ls-tree', signal, async (run) => {
        if (!(await isPresent(revision, run))) throw revisionMissing(revision);
        if (!mirror.hasFilesOf(revision)) throw filesNotKept(revision);
        return (await list(revision, run)).all;
      });
    },

    blob: async (id: string, { signal }: Cancellable = {}): Promise<Buffer> =>
      reading('git cat-file', signal, (run) => reader.read(id, run)),

    resolve: async (ref: string): Promise<string | undefined> => {
      if (!isQuestion(ref)) return undefined;
      if (present.has(ref)) return ref;
      const name = ref.replace(/^HEAD(?=$|[~^])/, followedRef);
      return shared(resolved, name, () => reading('git cat-file', undefined, (run) => reader.resolve(`${name}^{commit}`, run)));
    },

    /** A function that fetches a name from the remote, if it exists there. It writes to the mirror. */
    elsewhere(ref: string): ((signal: AbortSignal | undefined) => Promise<string | undefined>) | undefined {
      if (!isQuestion(ref)) return undefined;
      const [, name = '', steps = ''] = /^([^~^]*)(.*)$/.exec(ref) ?? [];
      const remoteRef = mirror.remoteRef(name);
      if (remoteRef === undefined) return undefined;
      return (signal) =>
        reading('git fetch', signal, async (run) => {
          const commit = await mirror.fetchOther(remoteRef, run);
          return commit === undefined || steps === '' ? commit : reader.resolve(`${commit}${steps}^{commit}`, run);
        });
    },

    commits: async (
      range: {
        readonly from?: string | undefined;
        readonly to: string;
        readonly limit?: number;
        readonly allPaths?: boolean;
        readonly file?: string;
      },
      { signal }: Cancellable = {},
    ): Promise<readonly Commit[]> => {
      const question = JSON.stringify([range.from, range.to, range.limit, range.allPaths, range.file]);
      const list = () =>
        reading('git log', signal, async (run) => {
          if (range.from !== undefined && !isObjectId(range.from)) throw badRevision(range.from);
          await requireRevision(range.to, run);
          // A missing base (history was rewritten, R-032) is ignored; it may be fetched later.
          const from = range.from !== undefined && (await isPresent(range.from, run)) ? range.from : undefined;
          if (from !== range.from) logged.delete(question);
          const asked = {
            to: range.to,
            limit: range.limit,
            paths: range.file !== undefined ? [range.file] : range.allPaths ? [] : literalPaths,
          };
          return listCommits(git, { ...asked, from }, email, run);
        });
      // A result that this caller's signal can abort must not be shared.
      return signal === undefined ? shared(logged, question, list) : (logged.get(question) ?? list());
    },

    lineage: (earlier: string, revision: string, { signal }: Cancellable = {}): Promise<Lineage> =>
      earlier === revision
        ? Promise.resolve('same')
        : reading('git merge-base', signal, async (run) => {
            await requireRevision(revision, run);
            if (!isObjectId(earlier) || !(await isPresent(earlier, run))) return 'gone';
            // After a single commit no process is needed.
            if ((await reader.resolve(`${revision}^1`, run)) === earlier) return 'continues';
            const lost = await git.log({ to: earlier, from: revision, limit: 1, paths: [], format: '%H' }, run);
            if (lost.length === 0) return 'continues';
            return (await git.haveMergeBase(earlier, revision, run)) ? 'rewritten' : 'unrelated';
          }),

    blame: async (range: LineRange, { signal }: Cancellable = {}): Promise<readonly LineChange[]> => {
      const { revision, file } = range;
      await fetchFiles((run) => mirror.fetchHistoryOf(revision, file, run), revision, signal);
      return reading('git blame', signal, async (run) => {
        await requireRevision(revision, run);
        return lineChanges(await git.blame(mirror.address, range, run));
      });
    },

    /** Registers a commit that is known to be in the mirror. */
    found(revision: string): void {
      present.set(revision, true);
    },

    /** Invalidates resolved names. */
    mirrorChanged(): void {
      resolved.clear();
    },

    /** The last listed revision, whose files may still be read. */
    inUse: (): readonly string[] => (listed ? [listed.revision] : []),

    /** Called after unreachable commits were dropped. */
    mirrorPacked(): void {
      present.clear();
      resolved.clear();
    },

    /** Called after the mirror was replaced. */
    mirrorReplaced(): void {
      present.clear();
      logged.clear();
      resolved.clear();
      listed = undefined;
    },
  };

  /** Fetches files that a mirror without blobs lacks. */
  async function fetchFiles(
    fetch: (run: RunOptions) => Promise<void>,
    revision: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (!mirror.lacksBlobs() || !isObjectId(revision)) return;
    await exclusively(() =>
      reading('git fetch', signal, async (run) => {
        await requireRevision(revision, run);
        await fetch(run);
      }),
    );
  }

  async function list(revision: string, run: RunOptions): Promise<NonNullable<typeof listed>> {
    const wanted = { names, below: literalPaths };
    const files = (await listChanges(revision, wanted, run)) ?? (await listFiles(git, revision, wanted, run));
    const targets = await linkTargets(git, revision, files, wanted, (blob) => reader.read(blob, run), run);
    return { revision, files, all: targets.length === 0 ? files : [...files, ...targets] };
  }

  async function listChanges(revision: string, wanted: Wanted, run: RunOptions): Promise<readonly TreeFile[] | undefined> {
    if (!listed) return undefined;
    return changedFiles(git, listed, revision, wanted, (blob) => reader.sizeOf(blob, run), run).catch(() => {
      run.signal.throwIfAborted();
      // The whole listing says what is wrong.
      return undefined;
    });
  }

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
    throw revisionMissing(revision);
  }
}

/**
 * Validates an expression for the shared reader process. Rejects expressions that would end it (a missing reflog entry) or keep it busy
 * (a search by message).
 */
function isQuestion(ref: string): boolean {
  return ref !== '' && ref.length <= 250 && !hasControlCharacter(ref) && !/^[-:]|[ :?*[\\]|\.\.|[@^]\{/.test(ref);
}

/** The cached or pending result, or a new one; failures are not cached. */
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

function revisionMissing(revision: string): FluxError {
  return new FluxError(`revision ${revision}: not in the mirror`, {
    code: 'git/revision-missing',
    fault: 'missing',
    help: 'It was removed by a force push, or is older than what fluxd has cloned. A clone of yours may still have it.',
  });
}

function filesNotKept(revision: string): FluxError {
  return new FluxError(`revision ${revision.slice(0, 7)}: its files are not in the mirror`, {
    code: 'git/files-not-kept',
    fault: 'missing',
    help: 'The mirror has the files of the revisions that were synced since fluxd started. The Git host has all of them.',
  });
}

function badRevision(text: string): FluxError {
  return new FluxError(`"${text.slice(0, 80)}" is not a full revision`, { code: 'git/bad-revision', fault: 'user' });
}

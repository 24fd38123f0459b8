import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FluxError, hasCode, type Logger, messageOf } from '../base/index.ts';
import type { Head } from './accept.ts';
import { gitFailed } from './failure.ts';
import { type Choice, choose, type Follow, mirrorRefOf, remoteRefsOf } from './follow.ts';
import { createGit, type Git } from './git.ts';
import type { GitOptions, RunOptions } from './git-process.ts';
import { fetchFollowed, fetchOther, keepCommit, refNamed } from './mirror-fetch.ts';
import { examining, fetched, fetchFailed, gitKilled, readOddly, rebuilt, swept, UNOPENED } from './mirror-state.ts';
import { createFilesOnDemand } from './partial-clone.ts';
import { isRedirect, MAX_HOPS, redirected } from './redirect.ts';
import { createRemoteListing } from './remote-listing.ts';
import type { RemoteRefs } from './remote-refs.ts';
import { shownUrl } from './url.ts';

export interface MirrorOptions extends Omit<GitOptions, 'gitDir' | 'cwd' | 'lacksBlobs' | 'onKilled'> {
  /** Directory used only by us; created, and recreated if it disappears. */
  readonly directory: string;
  /** The repository argument for git. */
  readonly address: string;
  readonly follow: Follow;
  /** `auto`: without the blobs that are not needed, where the server can do that. */
  readonly partialClone: 'auto' | 'off';
  /** Paths whose files are needed; none means all. */
  readonly paths: readonly string[];
  /** Other refs to list, in any case; they may end in `*`. */
  readonly listed: readonly string[];
  /** Full names of our own refs on the remote, which are mirrored as well. */
  readonly marks: readonly string[];
  readonly log: Logger;
  /** Resolves an expression in the mirror. */
  readonly resolve: (expression: string, run: RunOptions) => Promise<string | undefined>;
  /** Called after the mirror was replaced. */
  readonly onReplaced: () => void;
}

export interface Fetched {
  /** The commit that is followed now, or why there is none. */
  readonly head: (Head & { readonly name: string }) | Extract<Choice, { kind: 'missing' }>;
  /** Objects of the other expressions, in their order. */
  readonly named: readonly (string | undefined)[];
}

/** How long a mirror counts as current after a fetch, or a push of the branch. */
const RECENT_MS = 5_000;

export type Mirror = ReturnType<typeof createMirror>;

/**
 * A bare copy of the branch and of our marks. Refs follow the remote exactly, including rewritten history. A missing or damaged
 * mirror is rebuilt in another directory and replaced by a rename.
 */
export function createMirror(options: MirrorOptions) {
  const { directory, follow, marks, clock, log, resolve, onReplaced } = options;
  const gitDir = join(directory, 'mirror.git');
  const branchRef = mirrorRefOf(follow);
  // A remote that starts with a slash cannot be configured, and is on this machine anyway.
  const files = createFilesOnDemand(options.address.startsWith('/') ? 'off' : options.partialClone, options.paths);
  const listing = createRemoteListing([...remoteRefsOf(follow), ...marks, ...options.listed], log);
  const git: Git = createGit({
    ...options,
    gitDir,
    cwd: directory,
    lacksBlobs: files.lacksBlobs,
    onKilled: () => {
      state = gitKilled(state);
    },
  });
  const followed = {
    branch: branchRef,
    choose: (refs: RemoteRefs) => choose(follow, refs),
    marks,
    onRefused: (ref: string, err: FluxError) => log.warn({ ref, err }, 'git ref rejected'),
  };
  /** URL of the repository: the given one, or the target of its redirect. */
  let { address } = options;
  const local = {
    git,
    directory,
    resolve,
    files,
    listing,
    get address() {
      return address;
    },
  };
  /** The remote's refs at the last listing. */
  let seen: RemoteRefs | undefined;
  /** When the mirror last had what the remote has, by the monotonic clock. */
  let currentAt = Number.NEGATIVE_INFINITY;
  let state = UNOPENED;

  /**
   * Fetches. Resolves to the commit that is followed, if the remote has it, and to the objects of the other expressions.
   */
  async function update(others: readonly string[], run: RunOptions): Promise<Fetched> {
    try {
      await followingRedirects(() => bringUpToDate(run), run);
    } catch (error) {
      if (!(hasCode(error, 'git/blobs-refused') && files.lacksBlobs())) throw error;
      log.info({ err: error }, 'git server does not serve single files; cloning all of the repository');
      files.giveUp();
      await followingRedirects(() => build(run), run);
    }
    const choice: Choice = seen ? choose(follow, seen) : { kind: 'missing', why: 'the remote was not listed', help: '' };
    const look = () => Promise.all([`${branchRef}^{commit}`, `${branchRef}^{tree}`, ...others].map((name) => resolve(name, run)));
    let [head, tree, ...named] = await look();
    if (choice.kind === 'missing') return { head: choice, named };
    if (head === undefined && (await git.revParse(`${branchRef}^{}`, run)) !== undefined) throw noCommit(choice.name);
    if (head === undefined || tree === undefined) {
      // The ref exists; its object may be unreadable.
      log.warn({ follows: choice.name }, 'git mirror is damaged: the head of the branch is unreadable');
      await build(run);
      [head, tree, ...named] = await look();
    }
    if (head === undefined) throw new FluxError('git mirror: what was fetched is unreadable', { code: 'git/unreadable' });
    // The object of an annotated tag is the tag itself.
    const isTag = follow.kind !== 'branch' && choice.id !== head;
    const tag = isTag ? { tag: { id: choice.id, ...(choice.tag === undefined ? {} : { name: choice.tag }) } } : {};
    return { head: { revision: head, name: choice.name, ...tag }, named };
  }

  async function bringUpToDate(run: RunOptions): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (state.leftovers === 'of former process') {
      await sweep(/^(build|old|commit|tag)-/, directory);
      await sweepLocks();
      state = swept(state);
    }
    const isThere = await Promise.all(['HEAD', 'objects'].map((name) => exists(join(gitDir, name))));
    if (isThere.includes(false)) return build(run);
    if (state.reads === 'suspect') {
      state = examining(state);
      if (await isDamaged('all', run)) return build(run);
      // Git does not miss a blob that the remote has promised.
      files.forget();
    }
    try {
      await pull(run);
    } catch (failure) {
      if (state.fetches === 'failing' || run.signal.aborted || isRedirect(failure)) throw failure;
      state = fetchFailed(state);
      const hadLocks = await sweepLocks();
      if (/mismatched algorithms/.test(messageOf(failure)) || (await isDamaged('reachable', run))) return build(run);
      if (!hadLocks) throw failure;
      await pull(run);
    }
  }

  async function pull(run: RunOptions): Promise<void> {
    saw(await fetchFollowed(local, followed, run));
    state = fetched(state);
  }

  function saw(remote: RemoteRefs): void {
    seen = remote;
    currentAt = clock.monotonic();
  }

  /** A plain fetch, to learn the outcome of a push. */
  async function refetch(run: RunOptions): Promise<void> {
    await unlock();
    await followingRedirects(() => pull(run), run);
  }

  async function followingRedirects(work: () => Promise<void>, run: RunOptions): Promise<void> {
    for (let hop = 1; ; hop += 1) {
      try {
        return await work();
      } catch (error) {
        const from = address;
        // The target may have disappeared; the next attempt starts from the configured URL.
        address = options.address;
        if (!isRedirect(error) || hop > MAX_HOPS) throw error;
        address = await redirected(git, from, run);
        log.info({ from: shownUrl(from), to: shownUrl(address) }, 'git repository redirected');
      }
    }
  }

  /** For operations that depend on the remote's current branch. */
  async function refetchUnlessRecent(run: RunOptions): Promise<void> {
    if (clock.monotonic() - currentAt > RECENT_MS) await refetch(run);
  }

  async function build(run: RunOptions): Promise<void> {
    const suffix = randomBytes(4).toString('hex');
    const beside = join(directory, `build-${suffix}.git`);
    try {
      const fresh = createGit({ ...options, gitDir: beside, cwd: directory, lacksBlobs: files.lacksBlobs });
      files.forget();
      const refs = await listing.list(fresh, address, run);
      await fresh.init(follow.kind === 'branch' ? follow.name : 'followed', refs.objectFormat, run);
      const empty = { git: fresh, address, directory, resolve: async () => undefined, files, listing };
      saw(await fetchFollowed(empty, followed, run, refs));
      const old = join(directory, `old-${suffix}`);
      const replaced = await exists(gitDir);
      if (replaced) await rename(gitDir, old);
      await rename(beside, gitDir);
      if (replaced) {
        log.warn({ directory: gitDir }, 'git mirror was damaged and has been rebuilt');
        await rm(old, { recursive: true, force: true });
      }
      if (!replaced) log.info({ directory: gitDir }, 'git repository cloned');
      state = rebuilt(state);
      onReplaced();
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
  }

  async function isDamaged(depth: 'all' | 'reachable', run: RunOptions): Promise<boolean> {
    const output = await git.fsck(depth, run);
    // Without blobs, git takes every missing object for one that the remote has promised.
    if (output.exitCode === 0 && !(files.lacksBlobs() && (await git.lacksHistory(branchRef, run)))) return false;
    const error = output.exitCode === 0 ? 'commits or trees are missing' : (await gitFailed(output, directory)).message;
    log.warn({ error: error.slice(0, 500) }, 'git mirror is damaged');
    return true;
  }

  /** Removes the files of a killed git process. The caller must be the only writer. */
  async function unlock(): Promise<void> {
    if (state.leftovers !== 'of killed git') return;
    await sweepLocks();
    state = swept(state);
  }

  /** Locks of a killed git process; no other process uses this directory. */
  async function sweepLocks(): Promise<boolean> {
    if (!(await exists(gitDir))) return false;
    const refs = join(gitDir, 'refs');
    const swept = await Promise.all([
      sweep(/\.lock$/, gitDir),
      sweep(/\.lock$/, refs, true),
      sweep(/^tmp_|^\.tmp-/, join(gitDir, 'objects'), true),
    ]);
    return swept.some(Boolean);
  }

  async function sweep(pattern: RegExp, folder: string, recursive = false): Promise<boolean> {
    const entries = await readdir(folder, { recursive, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw new FluxError(`git mirror ${folder}: ${messageOf(error)}`, { code: 'git/disk', cause: error });
    });
    const leftovers = entries.filter((entry) => pattern.test(entry.name));
    for (const entry of leftovers) await rm(join(entry.parentPath, entry.name), { recursive: true, force: true });
    return leftovers.length > 0;
  }

  return {
    git,
    directory,
    gitDir,
    get address() {
      return address;
    },
    update,
    refetch,
    refetchUnlessRecent,
    /** Called when refs that were pushed are in the mirror: a push of the branch succeeds only on top of what the mirror has. */
    pushed(refs: readonly string[]): void {
      if (refs.includes(branchRef)) currentAt = clock.monotonic();
    },
    /** A ref of the remote at the last listing, by any of its names. */
    remoteRef: (name: string): string | undefined => seen && refNamed(seen, name),
    /** Names of branches of the remote that begin so, at the last listing, up to a limit. */
    remoteBranches: (limit: number, prefix: string): readonly string[] => seen?.branches(limit, prefix) ?? [],
    lacksBlobs: files.lacksBlobs,
    hasFilesOf: files.has,
    fetchFilesOf: (revision: string, run: RunOptions): Promise<void> => files.fetch(local, revision, run),
    fetchHistoryOf: (revision: string, file: string, run: RunOptions): Promise<void> =>
      files.fetchHistory(local, revision, file, run),
    fetchOther: async (ref: string, run: RunOptions): Promise<string | undefined> => seen && fetchOther(local, seen, ref, run),
    /** Of what is followed by tags, the commit of another time need not be in the history. Undefined where the remote does not give it. */
    keepCommit: (id: string, run: RunOptions): Promise<string | undefined> => keepCommit(local, id, run),
    unlock,
    markSuspect() {
      state = readOddly(state);
    },
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

function noCommit(name: string): FluxError {
  return new FluxError(`${name} is not of a commit`, {
    code: 'git/ref-no-commit',
    fault: 'user',
    help: 'Correct --git-ref: only a tag of a commit can be synced.',
  });
}

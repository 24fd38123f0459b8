import { type Cancellable, FluxError, type Secret } from '../base/index.ts';
import type {
  AcceptedRevision,
  CommitRequest,
  Lineage,
  ProposalBranch,
  ProposalNames,
  ProposalRequest,
  Revision,
  SyncRecordRequest,
} from '../repository/index.ts';
import { accept, acceptHead } from './accept.ts';
import { createBranch } from './branch.ts';
import { proveKey } from './deploy-key/prove-key.ts';
import { gitEnvironment } from './environment.ts';
import { mirrorRefOf } from './follow.ts';
import { createGit } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { createMarks } from './marks.ts';
import { createMirror } from './mirror.ts';
import { isObjectId } from './names.ts';
import { ObjectReader } from './object-reader.ts';
import { createPacking } from './packing.ts';
import { createProposals } from './proposals.ts';
import { createPublisher, type RecordChange } from './publish.ts';
import { createRemoteAccess } from './remote-access.ts';
import { createRevisions } from './revisions.ts';
import { createVerifiedTag } from './signatures/verified-tag.ts';
import { createVerifier } from './signatures/verify.ts';
import { readSourceOptions, type SourceOptions } from './source-options.ts';
import { safeUrl, shownUrl } from './url.ts';

export type GitSource = ReturnType<typeof createSource>;

const EVERY_NAME = /(?:)/;

/**
 * Opens a repository with its mirror.
 * @throws FluxError `git/bad-url` or `git/bad-option`, with the flag, before starting any process
 */
export function createSource(options: SourceOptions) {
  const { access, branch, syncTag, directory, timeoutMs, clock, log } = options;
  const { keys } = options.ssh;
  const { follow, remote, paths, notesRef, recordRef } = readSourceOptions(options);
  const { environment, credential, socket, sshCommandWith } = createRemoteAccess(options, remote);
  const resolve = (expression: string, run: RunOptions) => reader.resolve(expression, run);
  const mirror = createMirror({
    directory,
    address: remote?.address ?? '',
    follow,
    partialClone: options.wholeTree ? 'off' : options.partialClone,
    paths: paths.includes('') ? [] : paths,
    listed: options.pushBranch === undefined ? [] : [`refs/heads/${options.pushBranch}*`],
    marks: [`refs/tags/${syncTag}`, notesRef, recordRef],
    environment,
    ...(options.runner ? { runner: options.runner } : {}),
    ...(credential ? { credential } : {}),
    ...(options.signatures?.signing ? { signing: options.signatures.signing } : {}),
    ...(keys ? { ssh: () => sshCommandWith(keys.files()) } : {}),
    clock,
    log,
    resolve,
    ...(options.onRemote ? { onRemote: options.onRemote } : {}),
    onReplaced: () => {
      reader.restart();
      revisions.mirrorReplaced();
    },
  });
  const reader = new ObjectReader({
    gitDir: mirror.gitDir,
    cwd: directory,
    environment: gitEnvironment({ inherited: options.environment, ssh: {} }),
    maxBytes: options.maxBlobBytes,
    onDamage: mirror.markSuspect,
  });
  const publisherOptions = {
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
    onPushed: () => followed.pushed(),
    clock,
    log,
  };
  const publisher = createPublisher(publisherOptions);
  const proposals = createProposals(publisherOptions);

  const configured = remote !== undefined;
  const verification = options.signatures?.verification;
  const verifiedTag = verification && createVerifiedTag({ git: mirror.git, syncTag, keys: verification.keys, resolve });
  const decide =
    verification && verifiedTag
      ? createVerifier({
          ...verification,
          git: mirror.git,
          stops: follow.kind === 'branch' ? 'anywhere' : 'at the head',
          marker: options.marker ? keptMarker(options.marker) : verifiedTag,
          resolve,
          timeoutMs,
          clock,
          log,
        })
      : acceptHead;
  const followed = createBranch({
    mirror,
    follow,
    access,
    configured,
    timeoutMs,
    accept: decide,
    resolve,
    ...(keys ? { explain: keys.explain } : {}),
    clock,
    log,
  });
  const { reading } = followed;
  const revisions = createRevisions({
    mirror,
    reader,
    reading,
    followedRef: mirrorRefOf(follow),
    paths,
    names: options.wholeTree ? EVERY_NAME : options.names,
    email: options.email,
    exclusively,
  });
  const marks = createMarks({ git: mirror.git, reader, reading, syncTag, notesRef, recordRef, log });

  const packing = createPacking({
    mirror,
    inUse: revisions.inUse,
    onPacked: () => {
      reader.restart();
      revisions.mirrorPacked();
    },
    log,
  });

  /** Serialises operations that change the mirror. */
  let last: Promise<unknown> = Promise.resolve();
  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    packing.yield();
    return inTurn(work);
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(async () => {
      marks.forget();
      try {
        await socket?.open();
        await mirror.unlock();
        return await work();
      } finally {
        // Later requests must see the write; earlier ones could not.
        revisions.mirrorChanged();
      }
    });
    last = result.catch(() => undefined);
    return result;
  }

  async function fetchNow(signal: AbortSignal | undefined): Promise<AcceptedRevision> {
    try {
      await keys?.refresh(signal ? { signal } : {});
      const before = followed.accepted();
      const { revision, named } = await followed.fetch(marks.names, signal);
      if (before !== undefined && before !== revision) packing.written();
      marks.take(named);
      revisions.found(revision);
      await proveNewKey(signal);
      return revision;
    } catch (error) {
      marks.forget();
      throw error;
    }
  }

  /** A marker need not be in the history of another tag. */
  function keptMarker(marker: () => Promise<string | undefined>) {
    return async (run: RunOptions): Promise<string | undefined> => {
      const marked = await marker();
      if (marked !== undefined && follow.kind !== 'branch' && isObjectId(marked)) await mirror.keepCommit(marked, run);
      return marked;
    };
  }

  /** @throws FluxError `git/read-only`, worded as in Flux v1. */
  function requireWritable(): void {
    if (access === 'read-only')
      throw new FluxError('cannot make a working clone of a read-only git repo', {
        code: 'git/read-only',
        fault: 'user',
        help: 'fluxd never pushes to this repository (--git-readonly or --git-ref). Commit the change yourself; the next sync applies it.\n',
      });
  }

  /** While a new key and the one before it are offered, tries the new one alone. */
  async function proveNewKey(signal: AbortSignal | undefined): Promise<void> {
    const key = keys?.unproven(options.url);
    if (!key) return;
    const alone = { ...environment, GIT_SSH_COMMAND: sshCommandWith([key.file]) };
    const git = createGit({ gitDir: mirror.gitDir, cwd: directory, environment: alone, clock });
    const remote = { git, address: mirror.address, directory };
    const writes = access === 'read-write' && followed.state().status === 'ready';
    using deadline = clock.deadline(timeoutMs, signal);
    await proveKey(key, { remote, branch, writes }, deadline, log);
  }

  /** Writes, then updates the head, which may also have changed after a failed push. */
  async function publishing<T>(work: () => Promise<T>): Promise<T> {
    requireWritable();
    return exclusively(async () => {
      followed.requireReady();
      try {
        return await work();
      } finally {
        await followed.reread();
        marks.forget();
        packing.written();
      }
    });
  }

  return {
    safeUrl: safeUrl(options.url),
    shownUrl: shownUrl(options.url),
    /** The branch, or --git-ref as given: part of the identity of the sync set. */
    branch: options.ref ?? branch,
    /** What is followed, for display: a branch, or in words. */
    follows: followed.name,
    access,
    requireWritable,
    paths: options.paths,

    state: followed.state,
    accepted: followed.accepted,
    unverified: followed.unverified,
    fetch: ({ signal }: Cancellable = {}) => exclusively(() => fetchNow(signal)),

    acceptedBefore: async (revision: string): Promise<AcceptedRevision | undefined> => {
      const head = followed.accepted();
      if (head === undefined || (await revisions.resolve(revision)) === undefined) return undefined;
      const others = await revisions.commits({ from: head, to: revision, limit: 1, allPaths: true });
      return others.length === 0 ? accept(revision) : undefined;
    },

    files: revisions.files,
    filesAside: revisions.filesAside,
    blob: revisions.blob,
    resolve: revisions.resolve,
    find: async (ref: string, { signal }: Cancellable = {}): Promise<string | undefined> => {
      const known = await revisions.resolve(ref);
      const fetchIt = known === undefined ? revisions.elsewhere(ref) : undefined;
      return fetchIt ? exclusively(() => fetchIt(signal)) : known;
    },
    commits: revisions.commits,
    lineage: async (earlier: string, revision: string, cancel: Cancellable = {}): Promise<Lineage> => {
      const lineage = await revisions.lineage(earlier, revision, cancel);
      if (lineage !== 'gone' || follow.kind === 'branch' || !isObjectId(earlier)) return lineage;
      // No branch leads from one tag to the next.
      const kept = await exclusively(() => reading('git fetch', cancel.signal, (run) => mirror.keepCommit(earlier, run)));
      return kept === undefined ? lineage : revisions.lineage(earlier, revision, cancel);
    },
    blame: revisions.blame,

    syncTag: verifiedTag ? () => reading('git verify-tag', undefined, verifiedTag) : marks.syncTag,
    syncRecord: marks.syncRecord,
    syncRecords: marks.syncRecords,
    noteBlobs: marks.noteBlobs,
    notes: marks.notes,
    writers: marks.writers,

    commit: (request: CommitRequest, { signal }: Cancellable = {}): Promise<string> =>
      publishing(() => publisher.commit(request, signal ? { signal } : {})),

    arrived: (request: CommitRequest, { signal }: Cancellable = {}): Promise<string | undefined> =>
      publishing(() => publisher.arrived(request, signal ? { signal } : {})),

    recordSync: (request: SyncRecordRequest, { signal }: Cancellable = {}): Promise<void> =>
      publishing(() => publisher.recordSync(request, signal ? { signal } : {})),

    amendRecord: (revision: string, change: RecordChange, { signal }: Cancellable = {}): Promise<void> =>
      publishing(() => publisher.amendRecord(revision, change, signal ? { signal } : {})),

    /** The branches besides the followed one whose names match, as they are on the remote now, compared with `head`. */
    proposals: (names: ProposalNames, head: Revision, { signal }: Cancellable = {}): Promise<readonly ProposalBranch[]> =>
      publishing(() => proposals.list(names, head, signal ? { signal } : {})),

    propose: (request: ProposalRequest, { signal }: Cancellable = {}): Promise<Revision> =>
      publishing(() => proposals.propose(request, signal ? { signal } : {})),

    withdraw: (branch: Pick<ProposalBranch, 'name' | 'tip'>, { signal }: Cancellable = {}): Promise<void> =>
      publishing(() => proposals.withdraw(branch, signal ? { signal } : {})),

    /** The present token of the GitHub App, if the source is accessed as one: it has the rights of the App in the API, too. */
    ...(options.authentication?.kind === 'github-app' && credential
      ? { appToken: async (cancel: Cancellable = {}): Promise<Secret> => (await credential.current(cancel)).password }
      : {}),

    tidy: async (): Promise<void> => {
      const pack = packing.due();
      if (pack) await inTurn(pack).catch((error: unknown) => log.warn({ err: error }, 'packing the git mirror failed'));
    },

    close: async (): Promise<void> => {
      packing.yield();
      reader.close();
      await last;
      socket?.close();
    },
  };
}

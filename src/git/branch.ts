import { asFluxError, type Clock, FluxError, type Logger } from '../base/index.ts';
import type { AcceptedRevision, SourceState, Unverified } from '../repository/index.ts';
import { type Accept, type Head, nothingAccepted } from './accept.ts';
import { withinDeadline } from './deadline.ts';
import { type Follow, followedName, mirrorRefOf } from './follow.ts';
import type { RunOptions } from './git-process.ts';
import type { Mirror } from './mirror.ts';
import { checkWritable } from './push.ts';

export interface BranchOptions {
  readonly mirror: Mirror;
  readonly follow: Follow;
  readonly access: 'read-write' | 'read-only';
  /** False without --git-url: every operation then throws. */
  readonly configured: boolean;
  readonly timeoutMs: number;
  /** Decides which revision is accepted. */
  readonly accept: Accept;
  /** Resolves an expression in the mirror. */
  readonly resolve: (expression: string, run: RunOptions) => Promise<string | undefined>;
  /** Adds to the error of a failed fetch what else is known of its reason. */
  readonly explain?: (error: FluxError) => FluxError;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Runs an operation on the mirror within the deadline; throws before the first fetch. */
export type Reading = <T>(
  operation: string,
  signal: AbortSignal | undefined,
  work: (run: RunOptions) => Promise<T>,
) => Promise<T>;

/** Minimum interval of repeated write checks after a rejection, in milliseconds: hosts block clients that retry too often (R-041). */
const WRITE_CHECK_INTERVAL_MS = 60_000;

export type Branch = ReturnType<typeof createBranch>;

/** The branch, or what is followed in its place: its accepted revision, what is not accepted, and whether it is reachable and writable. */
export function createBranch(options: BranchOptions) {
  const { mirror, follow, access, configured, timeoutMs, accept, resolve, explain, clock, log } = options;
  const notCloned = new FluxError('git repo has not been cloned yet', { code: 'git/not-cloned' });
  let state: SourceState = { status: configured ? 'new' : 'unconfigured', error: notCloned };
  let accepted: AcceptedRevision | undefined;
  let unverified: Unverified | undefined;
  /** Whether the branch was fetched and decided on, even if nothing of it is accepted. */
  let isKnown = false;
  /** What is followed, as of the last fetch. */
  let followed: { readonly name: string; readonly revision?: string } = { name: followedName(follow) };
  /** The name of what is accepted. */
  let name = followed.name;
  let writable = false;
  let writeCheckedAt = Number.NEGATIVE_INFINITY;

  function requireConfigured(): void {
    if (!configured)
      throw new FluxError('git repo does not have valid config', {
        code: 'git/unconfigured',
        fault: 'user',
        help: 'Start fluxd with --git-url.',
        expected: true,
      });
  }

  function requireReady(): void {
    requireConfigured();
    if (!isKnown)
      throw new FluxError(`git repo not ready: ${(state.error ?? notCloned).message}`, {
        code: 'git/not-ready',
        expected: state.status === 'new',
        ...(state.error?.help === undefined ? {} : { help: state.error.help }),
      });
  }

  function within<T>(operation: string, signal: AbortSignal | undefined, work: (bounded: AbortSignal) => Promise<T>): Promise<T> {
    return withinDeadline(operation, timeoutMs, signal, work, clock);
  }

  /** Fetches, and resolves to the accepted revision and to the objects of the other expressions. */
  async function fetch(
    others: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly revision: AcceptedRevision; readonly named: readonly (string | undefined)[] }> {
    requireConfigured();
    const { head: found, named } = await within('git fetch', signal, (bounded) =>
      mirror.update(others, { signal: bounded }),
    ).catch((error: unknown) => {
      signal?.throwIfAborted();
      const reason = asFluxError(error, { code: 'git/fetch-failed' });
      const failure = explain?.(reason) ?? reason;
      state = { status: failure.code === 'git/unreachable' ? 'unreachable' : 'new', error: failure };
      throw failure;
    });
    if ('kind' in found) {
      const code = follow.kind === 'branch' ? 'git/branch-missing' : 'git/ref-missing';
      const help = `${found.help}${accepted === undefined ? '' : ` Until then ${accepted.slice(0, 7)} stays applied.`}`;
      const error = new FluxError(found.why, { code, fault: 'user', help });
      state = { status: 'cloned', error };
      throw error;
    }
    if (follow.kind !== 'branch' && followed.revision !== undefined && followed.revision !== found.revision)
      log.info(
        { follows: found.name, from: followed.revision, to: found.revision },
        found.name === followed.name ? 'the tag was moved' : 'another tag is the newest',
      );
    followed = found;
    if (accepted === undefined) name = found.name;
    await decide(found, signal);
    if (accepted === found.revision && !unverified) name = found.name;
    if (access === 'read-only') state = { status: 'ready' };
    else if (follow.kind === 'branch') await checkWriteAccess(follow.name, found.revision, signal);
    if (accepted === undefined) throw unverified ? nothingAccepted(unverified) : notCloned;
    return { revision: accepted, named };
  }

  async function decide(head: Head, signal: AbortSignal | undefined): Promise<void> {
    const acceptance = await accept(head, signal).catch((error: unknown) => {
      if (!isKnown && !signal?.aborted) state = { status: 'cloned', error: asFluxError(error, { code: 'git/failed' }) };
      throw error;
    });
    isKnown = true;
    // While nothing is accepted, what was accepted last stays in effect.
    accepted = acceptance.revision ?? accepted;
    unverified = acceptance.unverified;
  }

  /** Syncing needs no write access, so a rejection is reported in the state and the fetch succeeds (R-041). */
  async function checkWriteAccess(branch: string, revision: string, signal: AbortSignal | undefined): Promise<void> {
    if (!writable && clock.monotonic() - writeCheckedAt >= WRITE_CHECK_INTERVAL_MS) {
      writeCheckedAt = clock.monotonic();
      const refusal = await within('attempt to push', signal, (bounded) =>
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

  /** Called after a successful push, which proves write access. */
  function pushed(): void {
    writable = true;
    if (isKnown) state = { status: 'ready' };
  }

  /** Reads the head from the mirror, after a write to it. */
  async function reread(): Promise<void> {
    const ref = `${mirrorRefOf(follow)}^{commit}`;
    const head = await within('git cat-file', undefined, (signal) => resolve(ref, { signal })).catch((error: unknown) => {
      mirror.markSuspect();
      log.warn({ err: error }, 'reading the head of the git mirror failed');
    });
    if (head === undefined) return;
    // The next fetch decides again.
    await decide({ revision: head }, undefined).catch((error: unknown) =>
      log.warn({ err: error }, 'verifying the head of the branch failed'),
    );
  }

  const reading: Reading = (operation, signal, work) => {
    requireReady();
    return within(operation, signal, (bounded) => work({ signal: bounded }));
  };

  return {
    state: () => state,
    accepted: () => accepted,
    unverified: () => unverified,
    requireReady,
    fetch,
    pushed,
    reread,
    name: () => name,
    reading,
  };
}

import { type Clock, FluxError, type Logger, yieldTurn } from '../../base/index.ts';
import { type Accept, type Acceptance, accept, type Head } from '../accept.ts';
import { withinDeadline } from '../deadline.ts';
import type { Git } from '../git.ts';
import type { RunOptions } from '../git-process.ts';
import { acceptanceOrder, descendsFrom, type OrderedCommit, type Range } from './acceptance-order.ts';
import { type CommitSignature, commitSignatures, faultOf, isValid, SIGNATURE_FORMAT } from './commit-signature.ts';
import { tagFault } from './verified-tag.ts';

export interface VerifierOptions {
  readonly git: Git;
  readonly mode: 'first-parent' | 'all';
  /** Whether the commits between the accepted revision and the head may be accepted: those of a branch were its head, those of a tag were not. */
  readonly stops: 'anywhere' | 'at the head';
  /** The last synced revision, from which on commits are verified; throws if there is one that must not be believed. */
  readonly marker: (run: RunOptions) => Promise<string | undefined>;
  /** Changes with the trusted keys. */
  readonly keys: () => Promise<string>;
  readonly resolve: (expression: string, run: RunOptions) => Promise<string | undefined>;
  /** Of one git process. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Limit of the commits between the accepted revision and the head. */
const MAX_RANGE = 200_000;
/** Commits that one process verifies; each takes gpg or ssh-keygen some milliseconds. */
const CHUNK = 100;
/** Commits that are parsed without a pause. */
const SLICE = 5_000;
/** After this time the rest is left to the next fetch. */
const BUDGET_MS = 300_000;

type Within = <T>(operation: string, work: (run: RunOptions) => Promise<T>) => Promise<T>;

interface Start {
  /** Undefined: the history begins after it. */
  readonly from: string | undefined;
  /** What follows it. */
  readonly range: Range;
}

/**
 * Accepts the newest revision of the branch to which all commits after the last synced one have valid signatures. What this process
 * accepted is not verified again, so that a poll without news starts no process.
 */
export function createVerifier({ git, mode, stops, marker, keys, resolve, timeoutMs, clock, log }: VerifierOptions): Accept {
  /** What this process accepted, and the last synced revision at that time. */
  let newest: { readonly revision: string; readonly marked: string | undefined } | undefined;
  /** Valid commits after it, of a range that is not finished. */
  const valid = new Set<string>();
  let last: { readonly question: string; readonly acceptance: Acceptance } | undefined;
  let trusted = '';

  return async (head, signal) => {
    const within: Within = (operation, work) =>
      withinDeadline(operation, timeoutMs, signal, (bounded) => work({ signal: bounded }));
    const marked = await within('git verify-tag', marker);
    const trustedNow = await keys();
    if (trustedNow !== trusted) valid.clear();
    trusted = trustedNow;
    const question = JSON.stringify([head.revision, head.tag?.id, head.tag?.name, marked, trusted]);
    if (last?.question === question) return last.acceptance;
    const acceptance = await decide(head, marked, within);
    valid.clear();
    const before = last?.acceptance.unverified;
    if (acceptance.unverified && !(acceptance.unverified.commit === before?.commit && acceptance.unverified.tag === before.tag))
      report(acceptance, acceptance.unverified);
    last = { question, acceptance };
    return acceptance;
  };

  async function decide({ revision: head, tag }: Head, marked: string | undefined, within: Within): Promise<Acceptance> {
    const { from, range } = await start(head, marked, within);
    // Of tags, the one before need not be in the history.
    const kept = stops === 'anywhere' ? from : (newest?.revision ?? from);
    const fault = tag && (await within('git verify-tag', (run) => tagFault(git, tag, run)));
    if (tag && fault !== undefined) {
      const refused = { head, commit: head, tag: tag.name ?? tag.id.slice(0, 7), why: `has no valid signature: ${fault}` };
      const unverified = { ...refused, key: '', signer: '', commits: Math.max(1, range.size) };
      return { revision: kept === undefined ? undefined : accept(kept), unverified };
    }
    const { total, commits } = acceptanceOrder(range, { head, from, mode });
    if (total > CHUNK) log.info({ head, commits: total }, 'verifying signatures');
    const until = clock.monotonic() + BUDGET_MS;
    let best = kept;
    let passed = 0;
    let behind = total;
    for (const chunk of chunks(commits)) {
      if (passed > 0 && clock.monotonic() > until) throw unfinished(passed, total);
      const refused = await firstRefused(chunk, within);
      for (const { commit, isState } of chunk) {
        if (commit === refused?.commit) {
          const { key, signer } = refused;
          const unverified = { head, commit, why: faultOf(refused), key, signer, commits: behind };
          return { revision: best === undefined ? undefined : accept(best), unverified };
        }
        passed += 1;
        valid.add(commit);
        if (!isState || (stops === 'at the head' && commit !== head)) continue;
        best = commit;
        behind = total - passed;
        newest = { revision: commit, marked };
        valid.clear();
      }
    }
    // Also a head that the accepted revision has in its history.
    newest = { revision: head, marked };
    return { revision: accept(head) };
  }

  /** Begins after what this process accepted, unless the last synced revision was changed by others since. */
  async function start(head: string, marked: string | undefined, within: Within): Promise<Start> {
    if (newest !== undefined && (marked === undefined || marked === newest.marked || marked === newest.revision)) {
      const from = newest.revision;
      const isThere = await within('git cat-file', (run) => resolve(`${from}^{commit}`, run));
      const range = isThere === undefined ? undefined : await rangeOf(head, from, within);
      if (range && (range.size === 0 || descendsFrom(range, from))) return { from, range };
    }
    if (marked !== undefined) await verifyMarked(marked, within);
    return { from: marked, range: await rangeOf(head, marked, within) };
  }

  async function verifyMarked(marked: string, within: Within): Promise<void> {
    const isThere = (await within('git cat-file', (run) => resolve(`${marked}^{commit}`, run))) !== undefined;
    const [signature] = isThere ? await within('git log', (run) => signaturesOf([marked], run)) : [];
    if (signature && isValid(signature)) return;
    const why = signature ? `it ${faultOf(signature)}` : 'it is not in the repository';
    throw new FluxError(`failed to verify signature of last sync'ed revision: failed to verify commit ${marked}: ${why}`, {
      code: 'git/marker-unverified',
      fault: 'user',
      help: 'Nothing new is synced. Trust its key again, or move the sync tag, signed, to a commit with a valid signature. Where the revision is in a Secret, remove its annotation flux.weave.works/sync-hwm: then the whole history must be signed.',
    });
  }

  /** The commits of `from..head` with their parents. */
  async function rangeOf(head: string, from: string | undefined, within: Within): Promise<Range> {
    const limit = MAX_RANGE + 1;
    const listed = await within('git rev-list', (run) => git.revList({ to: head, limit, ...(from ? { from } : {}) }, run));
    const range = new Map<string, readonly string[]>();
    for (let at = 0; at < listed.length; ) {
      for (let line = 0; line < SLICE && at < listed.length; line += 1) {
        const end = listed.indexOf(10, at);
        const [commit = '', ...parents] = listed.toString('latin1', at, end).split(' ');
        range.set(commit, parents);
        at = end + 1;
      }
      await yieldTurn();
    }
    if (range.size > MAX_RANGE) throw tooLong();
    return range;
  }

  /** A refused commit is verified a second time: a process that could not be started looks like a missing signature. */
  async function firstRefused(chunk: readonly OrderedCommit[], within: Within): Promise<CommitSignature | undefined> {
    let unknown = chunk.flatMap(({ commit }) => (valid.has(commit) ? [] : [commit]));
    while (unknown.length > 0) {
      const signatures = await within('git log', (run) => signaturesOf(unknown, run));
      const refused = signatures.find((signature) => !isValid(signature));
      if (!refused) return undefined;
      const [again] = await within('git log', (run) => signaturesOf([refused.commit], run));
      if (!again || !isValid(again)) return refused;
      unknown = unknown.slice(unknown.indexOf(refused.commit) + 1);
    }
    return undefined;
  }

  async function signaturesOf(commits: readonly string[], run: RunOptions): Promise<readonly CommitSignature[]> {
    const signatures = commitSignatures(await git.logOf(commits, SIGNATURE_FORMAT, run));
    if (signatures.length !== commits.length)
      throw new FluxError('git log: commits are missing from the mirror', { code: 'git/command-failed' });
    return signatures;
  }

  function report(
    { revision }: Acceptance,
    { commit, tag, key, signer, why, commits }: NonNullable<Acceptance['unverified']>,
  ): void {
    const fields = {
      revision: commit,
      key,
      signer,
      why: `the ${tag === undefined ? 'commit' : `tag ${tag}`} ${why}`,
      waiting: commits,
      accepted: revision ?? '',
    };
    // The words of Flux v1.
    log.warn({ err: 'found invalid GPG signature for commit', ...fields }, 'commit refused');
  }
}

function* chunks(commits: Iterable<OrderedCommit>): Iterable<readonly OrderedCommit[]> {
  let chunk: OrderedCommit[] = [];
  for (const commit of commits) {
    chunk.push(commit);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function unfinished(passed: number, total: number): FluxError {
  return new FluxError(`${passed} of ${total} signatures are verified; the next fetch goes on`, {
    code: 'git/verifying',
    help: 'Until then the last accepted revision stays in effect.',
    expected: true,
  });
}

function tooLong(): FluxError {
  return new FluxError(`more than ${MAX_RANGE} commits would have to be verified`, {
    code: 'git/too-many-commits',
    fault: 'user',
    help: 'Set the sync tag, signed, to a newer commit with a valid signature; verification starts there.',
  });
}

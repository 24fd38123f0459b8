import { type Cancellable, FluxError } from '../base/index.ts';
import type { ProposalBranch, ProposalNames, ProposalRequest, Revision } from '../repository/index.ts';
import { commitOfTree, makeTree } from './commit.ts';
import { withinDeadline } from './deadline.ts';
import { gitFailed } from './failure.ts';
import type { RunOptions } from './git-process.ts';
import { listCommits } from './history.ts';
import { commitMessage, parseAuthor } from './message.ts';
import type { PublisherOptions } from './publish.ts';
import { pushFailed } from './push.ts';

/** Limits of what is read: of branches, and of the commits of each. */
const MAX_BRANCHES = 2_000;
const MAX_COMMITS = 100;

type ProposalOptions = Pick<
  PublisherOptions,
  'mirror' | 'reader' | 'branch' | 'identity' | 'setAuthor' | 'skipMessage' | 'timeoutMs' | 'mayPush' | 'log'
>;

/**
 * Branches beside the followed one, with changes that people merge. Each push states the commit that the branch is expected at, and
 * moves the branch from there, also to another history. A lost answer needs no care: the branch is listed again before the next push.
 */
export function createProposals({ mirror, reader, branch, identity, timeoutMs, mayPush, ...options }: ProposalOptions) {
  const { git } = mirror;
  /** The branches of the last list, by name, each with the revision that it was compared with. */
  let listed = new Map<string, { readonly head: Revision; readonly branch: ProposalBranch }>();

  /** The branches whose names match, as they are on the remote now. */
  async function list(names: ProposalNames, head: Revision, { signal }: Cancellable): Promise<readonly ProposalBranch[]> {
    await withinDeadline('git fetch', timeoutMs, signal, (bounded) => mirror.refetch({ signal: bounded }));
    const wanted = mirror.remoteBranches(MAX_BRANCHES, names.prefix).filter((name) => name !== branch && names.includes(name));
    const found: ProposalBranch[] = [];
    for (const name of wanted)
      found.push(await withinDeadline('git fetch', timeoutMs, signal, (bounded) => read(name, head, { signal: bounded })));
    listed = new Map(found.map((each) => [each.name, { head, branch: each }]));
    return found;
  }

  async function read(name: string, head: Revision, run: RunOptions): Promise<ProposalBranch> {
    const tip = await mirror.fetchOther(`refs/heads/${name}`, run);
    if (tip === undefined)
      throw new FluxError(`branch "${name}" disappeared while it was fetched`, { code: 'git/branch-missing' });
    const known = listed.get(name);
    if (known?.head === head && known.branch.tip === tip) return known.branch;
    const commits = await listCommits(git, { from: head, to: tip, limit: MAX_COMMITS, paths: [] }, identity.email, run);
    const [last] = commits.length > 0 ? commits : await listCommits(git, { to: tip, limit: 1, paths: [] }, identity.email, run);
    if (!last) throw new FluxError(`branch "${name}": its last commit is unreadable`, { code: 'git/unreadable' });
    const oldest = commits.at(-1);
    const base = oldest === undefined ? undefined : await reader.resolve(`${oldest.revision}^^{commit}`, run);
    return { name, tip, commits, last, isComplete: commits.length < MAX_COMMITS, ...(base === undefined ? {} : { base }) };
  }

  /** Makes the branch its base and one commit. Resolves to its tip, which stays the same if it is that already. */
  async function propose(request: ProposalRequest, { signal }: Cancellable): Promise<Revision> {
    const { name, base, edits, message, trailers, author = '', jobId, expected } = request;
    const place = { git, reader, directory: mirror.directory };
    const revision = await withinDeadline('git commit', timeoutMs, signal, async (bounded) => {
      const run = { signal: bounded };
      const tree = await makeTree(place, { base, edits }, run);
      if (expected !== undefined && (await isSame(expected, { base, tree, trailers }, run))) return expected;
      const text = commitMessage(message, options.skipMessage, jobId, trailers);
      const by = options.setAuthor && author !== '' ? parseAuthor(author, identity) : identity;
      return commitOfTree(place, { tree, base, message: text, author: by, committer: identity }, run);
    });
    if (revision !== expected) await push({ name, target: revision, expected: expected ?? '' }, signal);
    return revision;
  }

  /** Whether a commit has this content, and says the same of it. */
  async function isSame(
    tip: Revision,
    { base, tree, trailers }: Pick<ProposalRequest, 'base' | 'trailers'> & { readonly tree: string },
    run: RunOptions,
  ): Promise<boolean> {
    const [itsTree, itsParent] = await Promise.all(
      [`${tip}^{tree}`, `${tip}^^{commit}`].map((each) => reader.resolve(each, run)),
    );
    if (itsTree !== tree || itsParent !== base) return false;
    const [commit] = await listCommits(git, { to: tip, limit: 1, paths: [] }, identity.email, run);
    const has = (wanted: ProposalRequest['trailers'][number]) =>
      commit?.trailers.some(({ name, value }) => name === wanted.name.toLowerCase() && value === wanted.value) ?? false;
    return trailers.every(has);
  }

  /** Deletes the branch, if it is still there. */
  async function withdraw({ name, tip }: Pick<ProposalBranch, 'name' | 'tip'>, { signal }: Cancellable): Promise<void> {
    await push({ name, target: '', expected: tip }, signal);
  }

  async function push(
    { name, target, expected }: { readonly name: string; readonly target: string; readonly expected: string },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    mayPush?.();
    const update = { ref: `refs/heads/${name}`, target, expected };
    await withinDeadline('git push', timeoutMs, signal, async (bounded) => {
      const { ok, output } = await git.push(mirror.address, [update], { signal: bounded, atomic: false, isMirrored: false });
      if (ok) return;
      const said = `${output.stdout.toString('utf8')}${output.stderr}`;
      if (/' exists; cannot create '/.test(said))
        throw new FluxError(
          `branch "${name}" cannot be made beside a branch whose name is a directory of its name, or below it`,
          {
            code: 'git/branch-conflict',
            fault: 'user',
            help: 'Choose another --git-push-branch, or rename the other branch.',
            cause: await gitFailed(output, mirror.directory),
          },
        );
      if (/\(stale info\)|\bcannot lock ref\b|\balready exists\b/.test(said))
        throw new FluxError(`branch "${name}" moved during the change`, {
          code: 'git/push-raced',
          help: 'The change is planned again on what the branch is now.',
          cause: await gitFailed(output, mirror.directory),
        });
      throw await pushFailed(output, mirror.directory);
    });
  }

  return { list, propose, withdraw };
}

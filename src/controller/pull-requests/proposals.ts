import { type Cancellable, type Clock, createChangedOnly, FluxError, type Logger, yieldTurn } from '../../base/index.ts';
import type { GitHost } from '../../git-host/index.ts';
import type { Manifests } from '../../manifests/index.ts';
import type { AcceptedRevision, ProposalBranch, Revision } from '../../repository/index.ts';
import {
  type AutomatedSpec,
  type Pinning,
  type ProposalLookup,
  type ProposedImage,
  pendingImages,
  planProposal,
} from '../../update/index.ts';
import { planContext } from '../jobs/plan-context.ts';
import { requireVerifiedHead } from '../jobs/unverified-head.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader } from '../repository/view.ts';
import { type BranchNames, branchNames, type Grouping } from './branch-name.ts';
import { carriedImages, commitOfOthers, ownerOf } from './carried.ts';
import { fingerprintOf } from './fingerprint.ts';
import { guarded } from './guarded-host.ts';
import { createProposedImages } from './proposed-images.ts';
import type { ProposedOn } from './proposed-on.ts';
import { type BranchPlan, type BranchWork, createSettling, type ProposedRelease, type Settled } from './settle.ts';
import { createWording } from './wording.ts';

export interface ProposalsOptions {
  readonly source: Source;
  readonly syncSet: string;
  /** Name of the branch, or what the names of several begin with. */
  readonly branch: string;
  readonly per: Grouping;
  readonly releases: boolean;
  /** Without one, branches are pushed and no requests are made. */
  readonly host?: GitHost;
  /** @throws FluxError if this daemon may not write. */
  readonly mayWrite: () => void;
  /** Called after each answer of the host. */
  readonly onProgress: () => void;
  /** The text of the template of requests; the default one without it. */
  readonly template: () => Promise<string | undefined>;
  readonly reader: RepositoryReader;
  readonly desired: Manifests;
  readonly cluster: Cluster;
  readonly images: ImageWatch;
  readonly pinning: Pinning;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Proposals extends ProposalLookup {
  /** Whether releases are proposed as well. */
  readonly takesReleases: boolean;
  /** Whether a branch exists, so that a new revision has to be looked at. */
  areAny(): boolean;
  /** Brings all branches and their requests to what is pending on the revision. */
  automate(head: AcceptedRevision, found: AutomatedSpec['Changes'], cancel?: Cancellable): Promise<void>;
  /** Adds a release to what is pending; resolves to where it is. */
  release(head: AcceptedRevision, release: ProposedRelease, cancel?: Cancellable): Promise<readonly ProposedOn[]>;
}

/** Images that are grouped without a pause. */
const TURN = 1_000;

/**
 * Proposes images on branches that people merge. All state is in the branches and at the host, so that it is the same after a restart.
 */
export function createProposals(options: ProposalsOptions): Proposals {
  const { source, syncSet, reader, images, pinning, clock, log } = options;
  const names: BranchNames = branchNames(options.branch, options.per);
  const host = options.host && guarded(options.host, options);
  const wording = createWording({ base: source.branch, host, template: options.template, images, log });
  const settle = createSettling({ source, syncSet, host, plan, wording, clock, log });
  const shown = createProposedImages(names);
  const reports = createChangedOnly();
  /** The content of a branch at a tip never changes. */
  const carriedAt = new Map<Revision, readonly ProposedImage[]>();
  let present: readonly ProposalBranch[] = [];

  async function round(
    head: AcceptedRevision,
    found: AutomatedSpec['Changes'],
    release: ProposedRelease | undefined,
    cancel: Cancellable,
  ): Promise<readonly ProposedOn[]> {
    present = await source.proposals(names, head, cancel);
    // The look has fetched. What was merged meanwhile is not proposed again, and whose commits are whose is not decided on an old head.
    if (source.accepted() !== head) throw branchMoved(source.branch);
    const view = await reader.read(head, cancel);
    const carried = await allCarried(cancel);
    const context = { manifests: view.manifests, images, pinning, ...cancel };
    const pending = await pendingImages({ carried, found, released: release?.result ?? {} }, context);
    if (pending.length > 0) requireVerifiedHead(source);
    const byBranch = await grouped(pending, cancel);
    const at = new Map(present.map((branch) => [branch.name, branch]));
    const all = new Set([...byBranch.keys(), ...at.keys()]);
    const touched = release && touchedBy(release);
    // A release does not look for images, so that what it does not see may still be wanted.
    if (!release) for (const name of shown.branches()) if (!all.has(name)) shown.delete(name);
    const places: ProposedOn[] = [];
    let failure: unknown;
    for (const name of [...all].filter((each) => touched?.has(each) ?? true)) {
      try {
        const work = { name, head, view, present: at.get(name), images: byBranch.get(name) ?? [], release };
        const place = show(work, await settle(work, cancel));
        if (place) places.push(place);
      } catch (error) {
        cancel.signal?.throwIfAborted();
        // The others are not held up; the first failure is that of the round.
        if (failure !== undefined) log.warn({ branch: name, err: error }, 'proposing images failed');
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return places;
  }

  /** What our branches have now. */
  async function allCarried(cancel: Cancellable): Promise<readonly ProposedImage[]> {
    const carried: ProposedImage[] = [];
    for (const branch of present) {
      // Of a branch that is merged nothing is left, whichever revision it was compared with.
      if (branch.commits.length === 0 || ownerOf(branch, syncSet) !== 'ours') continue;
      const known = carriedAt.get(branch.tip) ?? (await carriedImages(branch, reader, cancel));
      carriedAt.set(branch.tip, known);
      carried.push(...known);
    }
    const tips = new Set(present.map(({ tip }) => tip));
    for (const tip of carriedAt.keys()) if (!tips.has(tip)) carriedAt.delete(tip);
    return carried;
  }

  async function grouped(
    pending: readonly ProposedImage[],
    { signal }: Cancellable,
  ): Promise<ReadonlyMap<string, readonly ProposedImage[]>> {
    const byBranch = new Map<string, ProposedImage[]>();
    for (const [index, image] of pending.entries()) {
      if (index % TURN === 0) await yieldTurn(signal);
      const name = names.of(image.workload);
      const group = byBranch.get(name);
      if (group) group.push(image);
      else byBranch.set(name, [image]);
    }
    return byBranch;
  }

  function touchedBy({ result }: ProposedRelease): ReadonlySet<string> {
    return new Set(
      Object.entries(result).flatMap(([workload, { Status }]) => (Status === 'success' ? [names.of(workload)] : [])),
    );
  }

  async function plan(work: BranchWork, cancel: Cancellable): Promise<BranchPlan> {
    const planned = await planProposal(work.images, await planContext(work.view, options, cancel), ownMessage(work));
    return { ...planned, author: authorOf(work, planned.images) };
  }

  /** Who released all that the branch has, also when it is made again. */
  function authorOf(work: BranchWork, planned: readonly ProposedImage[]): string {
    const { release, present: branch } = work;
    if (release) return ownMessage(work) === undefined ? '' : release.author;
    const [commit, ...more] = branch?.commits ?? [];
    const before = branch && carriedAt.get(branch.tip);
    const isSame = before && fingerprintOf(before).join() === fingerprintOf(planned).join();
    if (!isSame || !commit || more.length > 0 || commit.author.name === '') return '';
    return `${commit.author.name} <${commit.author.email}>`;
  }

  /** Has listings and the log show what became of a branch. */
  function show(
    { name, present: branch, images: wanted, release }: BranchWork,
    { as, images: proposed, request, tip }: Settled,
  ): ProposedOn | undefined {
    if (as === 'proposed' && tip !== undefined) carriedAt.set(tip, proposed);
    const named = request && { name: request.name, url: request.url };
    // A branch that has nothing of this daemon, and is to have nothing, is none of its business.
    if (as === 'nothing' || wanted.length === 0) {
      shown.delete(name);
      reports.recovered(name);
      return undefined;
    }
    const isNew = reports.hasChanged(name, `${as} ${named?.name ?? ''}`);
    switch (as) {
      case 'blocked':
        shown.set(name, { state: 'blocked', branch: name }, proposed);
        if (isNew) {
          const commit = branch && commitOfOthers(branch, syncSet);
          log.warn({ branch: name, commit, help: BLOCKED_HELP }, 'branch left alone: it has commits of others');
        }
        if (release) throw blocked(name);
        return undefined;
      case 'rejected':
        if (named) shown.set(name, { state: 'closed', request: named }, proposed);
        if (isNew)
          log.info({ branch: name, request: named?.name }, 'pull request was closed: the same images are not proposed again');
        return undefined;
      case 'proposed':
        shown.set(name, { state: 'open', branch: name, ...(named ? { request: named } : {}) }, proposed);
        if (isNew && named) log.info({ branch: name, request: named.name, url: named.url }, 'waiting for pull request');
        return { branch: name, ...named };
    }
  }

  return {
    takesReleases: options.releases,
    areAny: () => present.length > 0 || shown.branches().length > 0,
    of: shown.of,
    async automate(head, found, cancel = {}) {
      await round(head, found, undefined, cancel);
    },
    release: (head, release, cancel = {}) => round(head, [], release, cancel),
  };
}

/** The message of the release, if the branch has nothing else. */
function ownMessage({ images, release }: BranchWork): string | undefined {
  const isAll = images.every(({ workload, container, target }) =>
    release?.result[workload]?.PerContainer?.some(({ Container, Target }) => Container === container && Target === target),
  );
  return release && isAll ? release.message : undefined;
}

function branchMoved(branch: string): FluxError {
  return new FluxError(`branch "${branch}" moved while its images were looked at`, {
    code: 'git/push-raced',
    help: 'What is pending is decided again on what the branch is now.',
    expected: true,
  });
}

const BLOCKED_HELP =
  'Merge the branch, or force it back to the commit of fluxd, should what others committed be wanted elsewhere; fluxd then goes on with it. "Update branch" of a host makes such a commit, too, and is not needed: fluxd keeps the branch up to date.';

function blocked(name: string): FluxError {
  return new FluxError(`branch "${name}" has commits of others, so nothing was released`, {
    code: 'pull-request/branch-taken',
    fault: 'user',
    help: BLOCKED_HELP,
  });
}

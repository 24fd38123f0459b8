import { randomUUID } from 'node:crypto';
import { type Cancellable, type Clock, createChangedOnly, FluxError, type Logger, messageOf } from '../../base/index.ts';
import type { GitHost, PullRequest } from '../../git-host/index.ts';
import type { Manifests } from '../../manifests/index.ts';
import type { AcceptedRevision, ProposalBranch, Revision } from '../../repository/index.ts';
import { containersOf } from '../../resource/index.ts';
import {
  type AutomatedSpec,
  originOf,
  type Pinning,
  type Proposal,
  type ProposalLookup,
  type ProposedImage,
  pendingImages,
  planProposal,
  type UpdateResult,
} from '../../update/index.ts';
import { requireVerifiedHead } from '../jobs/unverified-head.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader, RepositoryView } from '../repository/view.ts';
import { type BranchNames, branchNames, type Grouping } from './branch-name.ts';
import { carriedImages, commitOfOthers, ownerOf, RELEASED_TRAILER, SYNC_SET_TRAILER } from './carried.ts';
import { fingerprintOf } from './fingerprint.ts';
import { nextStep, type Situation } from './next-step.ts';
import type { ProposedOn } from './proposed-on.ts';
import { requestText, type WantedText } from './request-text.ts';

export interface ProposalsOptions {
  readonly source: Source;
  readonly syncSet: string;
  /** Name of the branch, or what the names of several begin with. */
  readonly branch: string;
  readonly per: Grouping;
  readonly releases: boolean;
  /** Without one, branches are pushed and no requests are made. */
  readonly host?: GitHost;
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

/** A release that a person asked for, as planned on the revision. */
export interface ProposedRelease {
  readonly jobId: string;
  readonly result: UpdateResult;
  readonly message: string;
  /** Who asked for it, as `Name <email>`; may be empty. */
  readonly author: string;
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

/** A request that was looked up is looked up again for the same content only after this time. */
const LOOK_AGAIN_MS = 10 * 60_000;
/** More steps than the life of a branch has; a host that contradicts itself does not hold up the others. */
const MAX_STEPS = 8;

/** What was seen of a branch's request. */
interface Seen {
  readonly request: PullRequest | 'missing';
  readonly of: string;
  readonly at: number;
}

/** One branch in one round. */
interface Round {
  readonly name: string;
  readonly head: AcceptedRevision;
  readonly view: RepositoryView;
  readonly present: ProposalBranch | undefined;
  readonly images: readonly ProposedImage[];
  readonly release: ProposedRelease | undefined;
}

/**
 * Proposes images on branches that people merge. All state is in the branches and at the host, so that it is the same after a restart.
 */
export function createProposals(options: ProposalsOptions): Proposals {
  const { source, syncSet, host, reader, desired, cluster, images, pinning, clock, log } = options;
  const names: BranchNames = branchNames(options.branch, options.per);
  const reports = createChangedOnly();
  const seen = new Map<string, Seen>();
  /** By branch, what it was made of, so that it is not made again to see that nothing changed. */
  const pushed = new Map<string, string>();
  /** By branch. */
  const proposed = new Map<string, { readonly proposal: Proposal; readonly images: readonly ProposedImage[] }>();
  /** The content of a branch at a tip never changes. */
  const carriedAt = new Map<Revision, readonly ProposedImage[]>();
  let present: readonly ProposalBranch[] = [];
  /** While the host asks to wait. */
  let pause: { readonly error: FluxError; readonly until: number } | undefined;

  async function round(
    head: AcceptedRevision,
    found: AutomatedSpec['Changes'],
    release: ProposedRelease | undefined,
    cancel: Cancellable,
  ): Promise<readonly ProposedOn[]> {
    present = await source.proposals(names, head, cancel);
    const view = await reader.read(head, cancel);
    const carried: ProposedImage[] = [];
    for (const branch of present) if (ownerOf(branch, syncSet) === 'ours') carried.push(...(await carriedBy(branch, cancel)));
    for (const tip of carriedAt.keys()) if (!present.some((branch) => branch.tip === tip)) carriedAt.delete(tip);
    const context = { manifests: view.manifests, images, pinning };
    const pending = pendingImages({ carried, found, released: release?.result ?? {} }, context);
    const byBranch = Map.groupBy(pending, ({ workload }) => names.of(workload));
    const touched = new Set(
      Object.entries(release?.result ?? {}).flatMap(([workload, { Status }]) =>
        Status === 'success' ? [names.of(workload)] : [],
      ),
    );
    const all = [...new Set([...byBranch.keys(), ...present.map(({ name }) => name)])];
    if (pending.length > 0) requireVerifiedHead(source);
    // A release does not look for images, so that what it does not see may still be wanted.
    if (!release) for (const name of proposed.keys()) if (!all.includes(name)) proposed.delete(name);
    const places: ProposedOn[] = [];
    let failure: unknown;
    for (const name of release ? all.filter((each) => touched.has(each)) : all) {
      const branch = present.find((each) => each.name === name);
      try {
        const place = await settle({ name, head, view, present: branch, images: byBranch.get(name) ?? [], release }, cancel);
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

  async function carriedBy(branch: ProposalBranch, cancel: Cancellable): Promise<readonly ProposedImage[]> {
    const known = carriedAt.get(branch.tip) ?? (await carriedImages(branch, reader, cancel));
    // Of a branch that is merged nothing is left, whichever revision it was compared with.
    if (branch.commits.length > 0) carriedAt.set(branch.tip, known);
    return branch.commits.length > 0 ? known : [];
  }

  /** Takes one step after the other until there is nothing left to do. */
  async function settle(work: Round, cancel: Cancellable): Promise<ProposedOn | undefined> {
    const { name, head, view, release } = work;
    const text = await textOf(work);
    let tip = work.present?.tip;
    let situation: Situation<PullRequest> = {
      wanted: text.fingerprint,
      branch: work.present ? ownerOf(work.present, syncSet) : 'absent',
      isPushed: release === undefined && pushed.get(name) === keyOf(work, text, tip),
      request: host ? (rememberedAs(work, text) ?? 'unknown') : 'none',
      insists: release !== undefined,
    };
    for (let steps = 0; steps < MAX_STEPS; steps += 1) {
      const step = nextStep(situation);
      switch (step.do) {
        case 'look-up':
          situation = { ...situation, request: await lookUp(name, cancel) };
          break;
        case 'push': {
          const before = tip;
          tip = await push(work, tip, cancel);
          situation = { ...situation, branch: 'ours', isPushed: true };
          if (tip !== before)
            log.info({ branch: name, revision: tip, base: head, images: work.images.length }, 'images proposed');
          break;
        }
        case 'create':
          situation = { ...situation, request: await create(name, text, cancel) };
          break;
        case 'update':
          situation = { ...situation, request: await finish(step.request, text, cancel) };
          break;
        case 'close':
          await atHost((at) => at.close(step.request, cancel));
          log.info({ branch: name, request: step.request.name }, 'pull request closed: nothing is pending');
          situation = { ...situation, request: { ...step.request, state: 'closed' } };
          break;
        case 'withdraw':
          if (tip !== undefined) await source.withdraw({ name, tip }, cancel);
          log.info({ branch: name }, 'branch deleted: nothing is pending');
          tip = undefined;
          situation = { ...situation, branch: 'absent' };
          break;
        case 'rest':
          return rest(step.as);
      }
    }
    throw new FluxError(`the pull request of branch "${name}" did not settle`, {
      code: 'pull-request/unsettled',
      help: `${host?.name ?? 'The host'} does not show what was changed there. fluxd tries again.`,
    });

    function rest(as: 'proposed' | 'rejected' | 'blocked' | 'nothing'): ProposedOn | undefined {
      const { request } = situation;
      const known = typeof request === 'object' ? request : undefined;
      const of = keyOf(work, text, tip);
      const before = seen.get(name);
      const at = before?.of === of && before.request === known ? before.at : clock.monotonic();
      if (known) seen.set(name, { request: known, of, at });
      else seen.delete(name);
      if (as === 'proposed') pushed.set(name, of);
      else pushed.delete(name);
      const shown = known && { name: known.name, url: known.url };
      const said = `${as} ${known?.name ?? ''}`;
      const isNew = work.images.length > 0 && reports.hasChanged(name, said);
      switch (as) {
        case 'nothing':
          proposed.delete(name);
          return undefined;
        case 'blocked':
          // Nothing of this daemon belongs there.
          if (work.images.length === 0) {
            proposed.delete(name);
            return undefined;
          }
          proposed.set(name, { proposal: { state: 'blocked', branch: name }, images: work.images });
          if (isNew) {
            const commit = work.present && commitOfOthers(work.present, syncSet);
            log.warn({ branch: name, commit, help: BLOCKED_HELP }, 'branch left alone: it has commits of others');
          }
          if (release) throw blocked(name);
          return undefined;
        case 'rejected':
          if (shown) proposed.set(name, { proposal: { state: 'closed', request: shown }, images: work.images });
          if (isNew)
            log.info({ branch: name, request: known?.name }, 'pull request was closed: the same images are not proposed again');
          return undefined;
        case 'proposed': {
          const proposal = { state: 'open', branch: name, ...(shown ? { request: shown } : {}) } as const;
          proposed.set(name, { proposal, images: work.images });
          if (isNew && shown) log.info({ branch: name, request: shown.name, url: shown.url }, 'waiting for pull request');
          return { branch: name, ...shown };
        }
      }
    }

    async function create(head: string, wanted: WantedText, cancelled: Cancellable): Promise<PullRequest | 'unknown'> {
      const request = { title: wanted.title, body: wanted.unfinished };
      const made = await atHost((at) => at.create({ head, base: source.branch }, request, cancelled));
      log.info({ branch: head, request: made.name, url: made.url }, 'pull request opened');
      return made;
    }

    async function push(at: Round, expected: Revision | undefined, cancelled: Cancellable): Promise<Revision> {
      const plan = await planProposal(at.images, await contextOf(view, cancelled), ownMessage(at));
      if (plan.failure) log.warn({ branch: name, err: plan.failure }, 'images left out: their workload cannot be edited');
      const releasedIn = [...new Set(plan.images.filter(({ released }) => released).map(({ workload }) => workload))];
      return source.propose(
        {
          name,
          base: head,
          edits: plan.edits,
          message: plan.message,
          trailers: [
            { name: SYNC_SET_TRAILER, value: syncSet },
            ...releasedIn.map((workload) => ({ name: RELEASED_TRAILER, value: workload })),
          ],
          author: authorOf(at, plan.images),
          jobId: release?.jobId ?? randomUUID(),
          expected,
        },
        cancelled,
      );
    }
  }

  /** Who released all that the branch has, also when it is made again. */
  function authorOf(at: Round, planned: readonly ProposedImage[]): string {
    const { release, present: branch } = at;
    if (release) return ownMessage(at) === undefined ? '' : release.author;
    const [commit, ...more] = branch?.commits ?? [];
    const before = branch && carriedAt.get(branch.tip);
    const isSame = before && fingerprintOf(before).join() === fingerprintOf(planned).join();
    if (!isSame || !commit || more.length > 0 || commit.author.name === '') return '';
    return `${commit.author.name} <${commit.author.email}>`;
  }

  /** The message of the release, if the branch has nothing else. */
  function ownMessage({ images: all, release }: Round): string | undefined {
    const isAll = all.every(({ workload, container, target }) =>
      release?.result[workload]?.PerContainer?.some(({ Container, Target }) => Container === container && Target === target),
    );
    return release && isAll ? release.message : undefined;
  }

  async function contextOf({ revision, manifests }: RepositoryView, cancel: Cancellable) {
    const files = new Map((await source.files(revision, cancel)).map((file) => [file.path, file.blob]));
    const readFile = async (path: string): Promise<string> => {
      const blob = files.get(path);
      if (blob === undefined) throw new FluxError(`${path} is not in revision ${revision}`, { code: 'update/file-missing' });
      return (await source.blob(blob, cancel)).toString('utf8');
    };
    return { manifests, readFile, desired, workloads: cluster, images, pinning, ...cancel };
  }

  async function textOf({ name, view, images: all }: Round): Promise<WantedText> {
    const rows = all.map((image) => ({ ...image, current: currentOf(view, image), origin: originOf(image.target, { images }) }));
    const limits = host?.limits ?? { title: 200, body: 4_000 };
    const about = { rows, branch: name, base: source.branch, limits };
    try {
      return requestText({ ...about, template: await options.template() });
    } catch (error) {
      if (reports.hasChanged('template', messageOf(error)))
        log.warn({ err: error }, 'the default text is used for pull requests');
      return requestText(about);
    }
  }

  async function lookUp(head: string, cancel: Cancellable): Promise<PullRequest | 'missing'> {
    return (await atHost((at) => at.find({ head, base: source.branch }, cancel))) ?? 'missing';
  }

  /** Labels and reviewers first, then the text that says that it is finished. */
  async function finish(
    request: PullRequest,
    { title, body, unfinished }: WantedText,
    cancel: Cancellable,
  ): Promise<PullRequest> {
    // A host may merge at once, and names the merge after the title.
    if (request.title !== title) await atHost((at) => at.update(request, { title, body: unfinished }, cancel));
    // A label or a reviewer that the host does not know is no reason to have no request.
    for (const error of await atHost((at) => at.equip(request, cancel)))
      log.warn({ request: request.name, err: error }, 'the pull request lacks labels, reviewers or auto-merge');
    await atHost((at) => at.update(request, { title, body }, cancel));
    return { ...request, title, body };
  }

  async function atHost<T>(work: (host: GitHost) => Promise<T>): Promise<T> {
    if (!host) throw new Error('there is no Git host');
    if (pause && clock.monotonic() < pause.until) throw pause.error;
    pause = undefined;
    try {
      return await work(host);
    } catch (error) {
      const retryMs = error instanceof FluxError && 'retryMs' in error ? error.retryMs : undefined;
      if (error instanceof FluxError && typeof retryMs === 'number') pause = { error, until: clock.monotonic() + retryMs };
      throw error;
    }
  }

  function rememberedAs({ name, ...work }: Round, text: WantedText): PullRequest | 'missing' | undefined {
    const known = seen.get(name);
    const isSame = known?.of === keyOf(work, text, work.present?.tip);
    return isSame && clock.monotonic() - known.at < LOOK_AGAIN_MS ? known.request : undefined;
  }

  return {
    takesReleases: options.releases,
    areAny: () => present.length > 0 || proposed.size > 0,
    of({ workload, container, target }) {
      const { proposal, images: all = [] } = proposed.get(names.of(workload)) ?? {};
      const isIn = all.some((each) => each.workload === workload && each.container === container && each.target === target);
      return isIn ? proposal : undefined;
    },
    async automate(head, found, cancel = {}) {
      await round(head, found, undefined, cancel);
    },
    release: (head, release, cancel = {}) => round(head, [], release, cancel),
  };
}

/** What a look at a request was about. */
function keyOf({ head }: Pick<Round, 'head'>, { fingerprint }: WantedText, tip: Revision | undefined): string {
  return [head, tip ?? '', fingerprint.text, ...fingerprint.images].join(' ');
}

function currentOf({ manifests }: RepositoryView, { workload, container }: ProposedImage): string {
  const object = manifests.get(workload)?.object;
  return object ? (containersOf(object).find(({ name }) => name === container)?.image ?? '') : '';
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

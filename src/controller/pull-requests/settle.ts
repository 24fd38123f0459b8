import { createHash, randomUUID } from 'node:crypto';
import { type Cancellable, type Clock, createChangedOnly, FluxError, type Logger, messageOf } from '../../base/index.ts';
import type { GitHost, PullRequest } from '../../git-host/index.ts';
import type { AcceptedRevision, ProposalBranch, Revision } from '../../repository/index.ts';
import type { ProposalPlan, ProposedImage, UpdateResult } from '../../update/index.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryView } from '../repository/view.ts';
import { ownerOf, RELEASED_TRAILER, SYNC_SET_TRAILER } from './carried.ts';
import { isFinished } from './fingerprint.ts';
import { nextStep, type Situation } from './next-step.ts';
import type { WantedText } from './request-text.ts';
import type { Subject } from './wording.ts';

/** A release that a person asked for, as planned on the revision. */
export interface ProposedRelease {
  readonly jobId: string;
  readonly result: UpdateResult;
  readonly message: string;
  /** Who asked for it, as `Name <email>`; may be empty. */
  readonly author: string;
}

/** The commit of a branch, with its author, who is fluxd if it is empty. */
export interface BranchPlan extends ProposalPlan {
  readonly author: string;
}

/** One branch, and what is to be on it. */
export interface BranchWork {
  readonly name: string;
  readonly head: AcceptedRevision;
  readonly view: RepositoryView;
  readonly present: ProposalBranch | undefined;
  readonly images: readonly ProposedImage[];
  readonly release: ProposedRelease | undefined;
}

/** What became of it. */
export interface Settled {
  readonly as: 'proposed' | 'rejected' | 'blocked' | 'nothing';
  /** Those that can be proposed: a workload that cannot be edited is left out. */
  readonly images: readonly ProposedImage[];
  readonly request?: PullRequest;
  readonly tip?: Revision;
}

export interface SettlingOptions {
  readonly source: Pick<Source, 'branch' | 'propose' | 'withdraw'>;
  readonly syncSet: string;
  readonly host: GitHost | undefined;
  /** Plans the edits of a branch. */
  readonly plan: (work: BranchWork, cancel: Cancellable) => Promise<BranchPlan>;
  readonly wording: (subject: Subject) => Promise<WantedText>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is remembered of a branch, so that nothing is planned or asked for again to see that nothing changed. */
interface Remembered {
  readonly content: string;
  readonly images: readonly ProposedImage[];
  /** Where the branch has them. */
  readonly tip?: Revision;
  readonly request?: { readonly seen: PullRequest; readonly of: string; readonly at: number };
}

/** A request that was looked up is looked up again for the same content only after this time. */
const LOOK_AGAIN_MS = 10 * 60_000;
/** More steps than the life of a branch has; a host that contradicts itself does not hold up the others. */
const MAX_STEPS = 8;

/** Brings one branch and its request to what is pending. */
export function createSettling(options: SettlingOptions): (work: BranchWork, cancel: Cancellable) => Promise<Settled> {
  const { source, syncSet, host, plan, wording, clock, log } = options;
  const memory = new Map<string, Remembered>();
  const reports = createChangedOnly();

  /** Takes one step after the other until there is nothing left to do. */
  return async function settle(work, cancel) {
    const { name, view, present, release } = work;
    const content = contentOf(work);
    const before = memory.get(name);
    const known = before?.content === content && release === undefined ? before : undefined;
    const branch = present ? ownerOf(present, syncSet) : 'absent';
    const isPlanned = known !== undefined || branch === 'theirs' || work.images.length === 0;
    let planned = isPlanned ? undefined : await planOf(work, cancel);
    const images = known?.images ?? planned?.images ?? work.images;
    let tip = present?.tip;
    let text = await wording({ branch: name, view, images, tip });
    let situation: Situation<PullRequest> = {
      wanted: text.fingerprint,
      branch,
      isPushed: tip !== undefined && known?.tip === tip,
      request: host ? (lately(known, text, tip) ?? 'unknown') : 'none',
      insists: release !== undefined,
    };
    for (let steps = 0; steps < MAX_STEPS; steps += 1) {
      const step = nextStep(situation);
      if (step.do === 'rest') return rest(step.as);
      if (step.do === 'push') {
        planned ??= await planOf(work, cancel);
        tip = await push(work, planned, tip, cancel);
        text = await wording({ branch: name, view, images, tip });
        situation = { ...situation, wanted: text.fingerprint, branch: 'ours', isPushed: true };
      } else if (step.do === 'withdraw') {
        if (tip !== undefined) await source.withdraw({ name, tip }, cancel);
        log.info({ branch: name }, 'branch deleted: nothing is pending');
        tip = undefined;
        situation = { ...situation, branch: 'absent' };
      } else if (host) situation = { ...situation, request: await ask(host, step, { name, text }, cancel) };
    }
    throw new FluxError(`the pull request of branch "${name}" did not settle`, {
      code: 'pull-request/unsettled',
      help: `${host?.name ?? 'The host'} does not show what was changed there. fluxd tries again.`,
    });

    function rest(as: Settled['as']): Settled {
      const request = typeof situation.request === 'object' ? situation.request : undefined;
      if (as === 'nothing' || as === 'blocked') memory.delete(name);
      else {
        const of = aboutOf(text, tip);
        const at = before?.request?.of === of && before.request.seen === request ? before.request.at : clock.monotonic();
        memory.set(name, {
          content,
          images,
          ...(as === 'proposed' && tip !== undefined ? { tip } : {}),
          ...(request ? { request: { seen: request, of, at } } : {}),
        });
      }
      return { as, images, ...(request ? { request } : {}), ...(tip === undefined ? {} : { tip }) };
    }
  };

  async function planOf(work: BranchWork, cancel: Cancellable): Promise<BranchPlan> {
    const planned = await plan(work, cancel);
    if (planned.failure && reports.hasChanged(work.name, messageOf(planned.failure)))
      log.warn({ branch: work.name, err: planned.failure }, 'images left out: their workload cannot be edited');
    return planned;
  }

  async function push(
    { name, head, release }: BranchWork,
    { edits, images, message, author }: BranchPlan,
    expected: Revision | undefined,
    cancel: Cancellable,
  ): Promise<Revision> {
    const releasedIn = [...new Set(images.filter(({ released }) => released).map(({ workload }) => workload))];
    const trailers = [
      { name: SYNC_SET_TRAILER, value: syncSet },
      ...releasedIn.map((workload) => ({ name: RELEASED_TRAILER, value: workload })),
    ];
    const jobId = release?.jobId ?? randomUUID();
    const tip = await source.propose({ name, base: head, edits, message, trailers, author, jobId, expected }, cancel);
    if (tip !== expected) log.info({ branch: name, revision: tip, base: head, images: images.length }, 'images proposed');
    return tip;
  }

  /** A step at the host; resolves to what the request is then. */
  async function ask(
    at: GitHost,
    step: Extract<ReturnType<typeof nextStep<PullRequest>>, { do: 'look-up' | 'create' | 'update' | 'close' }>,
    { name, text }: { readonly name: string; readonly text: WantedText },
    cancel: Cancellable,
  ): Promise<PullRequest | 'missing'> {
    const branches = { head: name, base: source.branch };
    switch (step.do) {
      case 'look-up':
        return (await at.find(branches, cancel)) ?? 'missing';
      case 'create': {
        const made = await at.create(branches, { title: text.title, body: text.unfinished }, cancel);
        log.info({ branch: name, request: made.name, url: made.url }, 'pull request opened');
        return made;
      }
      case 'update': {
        const request = await finish(at, step.request, text, cancel);
        if (isFinished(step.request.body)) log.info({ branch: name, request: request.name }, 'pull request updated');
        return request;
      }
      case 'close':
        await at.close(step.request, cancel);
        log.info({ branch: name, request: step.request.name }, 'pull request closed: nothing is pending');
        return { ...step.request, state: 'closed' };
    }
  }

  /** The text comes last, since it says that the rest is done. */
  async function finish(
    at: GitHost,
    request: PullRequest,
    { title, body, unfinished }: WantedText,
    cancel: Cancellable,
  ): Promise<PullRequest> {
    // What the host rejects is no reason to have no request.
    const report = (errors: readonly FluxError[], what: string) => {
      for (const err of errors) log.warn({ request: request.name, err }, `the pull request lacks ${what}`);
    };
    if (!isFinished(request.body)) report(await at.equip(request, cancel), 'labels or reviewers');
    // A host may merge at once, and names the merge after the title.
    if (at.mergeLater && request.title !== title) await at.update(request, { title, body: unfinished }, cancel);
    if (at.mergeLater) report(await at.mergeLater(request, cancel), 'auto-merge');
    await at.update(request, { title, body }, cancel);
    return { ...request, title, body };
  }

  /** The request as it was seen lately, for the same text and branch. */
  function lately(known: Remembered | undefined, text: WantedText, tip: Revision | undefined): PullRequest | undefined {
    const request = known?.request;
    const isRecent = request?.of === aboutOf(text, tip) && clock.monotonic() - request.at < LOOK_AGAIN_MS;
    return isRecent ? request.seen : undefined;
  }
}

/** What a look at a request was about. */
function aboutOf({ fingerprint }: WantedText, tip: Revision | undefined): string {
  return `${fingerprint.text} ${tip ?? ''}`;
}

/** The head and the images, in short. */
function contentOf({ head, images }: BranchWork): string {
  const all = images.map(({ workload, container, target, released }) => [workload, container, target, released].join(' '));
  return createHash('sha256')
    .update(`${head}\n${all.join('\n')}`)
    .digest('base64');
}

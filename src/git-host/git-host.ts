import type { Cancellable, FluxError } from '../base/index.ts';

/** A pull request, or merge request, of one branch. */
export interface PullRequest {
  readonly number: number;
  /** As people write it: `#12`, or `!12` where it is a merge request. */
  readonly name: string;
  /** For browsers. */
  readonly url: string;
  /** `closed` is without having been merged. */
  readonly state: 'open' | 'merged' | 'closed';
  readonly title: string;
  readonly body: string;
}

export interface PullRequestText {
  readonly title: string;
  /** Markdown. */
  readonly body: string;
}

/** Names of branches: what is merged, and into which. */
export interface Branches {
  readonly head: string;
  readonly base: string;
}

/** What a request has besides its text. */
export interface RequestExtras {
  readonly labels: readonly string[];
  /** As the host identifies them. */
  readonly reviewers: readonly string[];
  /** Whether the host merges it as soon as its conditions are met. */
  readonly autoMerge: boolean;
}

/**
 * The pull requests of one repository. Every operation may be repeated.
 * @throws FluxError `git-host/…`
 */
export interface GitHost {
  /** `GitHub`. */
  readonly name: string;
  /** Limits of a text, in characters. */
  readonly limits: { readonly title: number; readonly body: number };
  /** The open request of a branch of this repository, and not of a fork, or else the one that was created last. */
  find(branches: Branches, options?: Cancellable): Promise<PullRequest | undefined>;
  create(branches: Branches, text: PullRequestText, options?: Cancellable): Promise<PullRequest>;
  /** Adds labels and reviewers, as configured. Resolves to the failures that a user has to correct. */
  equip(request: PullRequest, options?: Cancellable): Promise<readonly FluxError[]>;
  /** Has the host merge it as soon as its conditions are met; absent unless configured. A push may turn that off. */
  mergeLater?(request: PullRequest, options?: Cancellable): Promise<readonly FluxError[]>;
  update(request: PullRequest, text: PullRequestText, options?: Cancellable): Promise<void>;
  /** Closes it without merging. */
  close(request: PullRequest, options?: Cancellable): Promise<void>;
}

/** The open one, or else the first of a list that is sorted from newest to oldest. */
export function openOrNewest(requests: readonly PullRequest[]): PullRequest | undefined {
  return requests.find(({ state }) => state === 'open') ?? requests[0];
}

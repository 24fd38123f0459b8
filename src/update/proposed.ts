import { formatImageRef, type ImageRef } from '../image/index.ts';
import type { ResourceId } from '../resource/index.ts';
import type { Decision } from './decision.ts';
import type { RequestName } from './request-name.ts';

/** An image that is proposed for a container, on a branch that people merge. References are as in the file. */
export interface ProposedImage {
  readonly workload: ResourceId;
  readonly container: string;
  readonly target: string;
  /** Whether a person released it, so that automation does not take it back. */
  readonly released: boolean;
}

/** Where an image that automation would commit is proposed. */
export type Proposal =
  /** On a branch, and in an open pull request, once that is made. */
  | { readonly state: 'open'; readonly branch: string; readonly request?: RequestName }
  /** The pull request was closed without merging it. */
  | { readonly state: 'closed'; readonly request: RequestName }
  /** The branch has commits of others. */
  | { readonly state: 'blocked'; readonly branch: string };

/** Finds the proposal of an image. */
export interface ProposalLookup {
  of(image: Pick<ProposedImage, 'workload' | 'container' | 'target'>): Proposal | undefined;
}

/** What the proposal of an image makes of the decision to update to it; undefined if it is not proposed. */
export function proposedDecision(
  lookup: ProposalLookup | undefined,
  image: { readonly workload: ResourceId | undefined; readonly container: string; readonly target: ImageRef },
): Decision | undefined {
  const { workload, container, target } = image;
  if (workload === undefined) return undefined;
  const proposal = lookup?.of({ workload, container, target: formatImageRef(target) });
  switch (proposal?.state) {
    case undefined:
      return undefined;
    case 'open': {
      const { branch, request } = proposal;
      const wait = { kind: 'pull-request', branch, ...(request ? { request } : {}) } as const;
      return { state: 'waiting', target, for: wait, until: Number.POSITIVE_INFINITY };
    }
    case 'closed':
      return { state: 'held', by: { kind: 'pull-request-closed', request: proposal.request } };
    case 'blocked':
      return { state: 'held', by: { kind: 'push-branch-taken', branch: proposal.branch } };
  }
}

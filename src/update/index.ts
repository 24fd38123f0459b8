/**
 * Updates of the repository. An *update spec* describes a change requested by a user or caused by a new image. Planning it yields a
 * *result* for each workload and the edited files. Nothing here writes: the controller commits.
 */

export { type AutomationPlan, type DecidedContainer, planAutomation } from './automation.ts';
export { type ConsideredTag, consider, considerTag } from './consider.ts';
export { containerKey } from './container-key.ts';
export type {
  FailedRollouts,
  ImageLookup,
  PastImages,
  RunningWorkload,
  Stage,
  Timed,
  Timing,
  UpdateContext,
  WorkloadLookup,
} from './context.ts';
export { decide, decideNewest } from './decide.ts';
export { type Decision, describeDecision, kindOf, UP_TO_DATE } from './decision.ts';
export { earliest, type FirstSeen } from './first-seen.ts';
export { type FoundUpdate, type Gathering, type GatherTimes, type Look, lookAgain } from './gathering.ts';
export { noticeTags } from './notice-tags.ts';
export type { Pinning } from './pinning.ts';
export { planUpdate, type UpdatePlan } from './plan.ts';
export { PoliciesRefused } from './policies.ts';
export { originOf, type PendingOptions, type ProposalPlan, pendingImages, planProposal } from './proposal.ts';
export { type Proposal, type ProposalLookup, type ProposedImage, proposedDecision } from './proposed.ts';
export type { PutBack } from './put-back.ts';
export { rankingOf } from './ranking.ts';
export { LATEST_IMAGES, parseRequested } from './release.ts';
export type { RequestName } from './request-name.ts';
export { revertsOnFailure } from './revert.ts';
export { ALL_WORKLOADS, normalId } from './select.ts';
export { shareOf } from './share.ts';
export type {
  AutomatedSpec,
  Cause,
  ContainerUpdate,
  PolicySpec,
  ReleaseContainersSpec,
  ReleaseImageSpec,
  RevertSpec,
  RollbackSpec,
  UpdateResult,
  UpdateSpec,
  UpdateStatus,
  WorkloadResult,
} from './spec.ts';
export type { Question } from './subject.ts';
export type { Suspension } from './suspension.ts';

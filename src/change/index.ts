/**
 * What a sync does, as data. A *plan* has one *entry* for each object: what is to be done about it, and why. Carrying it out makes one
 * *change* for each entry: what happened. Trying it out makes one *diff*: what would happen, field by field. Each of them says whether
 * its object is in Git. One that is has a place in a file and is applied; one that is not has a uid and is deleted, or *held* while
 * there is doubt. The *health* of an object says what came of it afterwards, and the
 * *evidence* about it why.
 */
export {
  type Change,
  countOutcomes,
  type HeldDeletion,
  isApplied,
  isHeldDeletion,
  isOpenDeletion,
  type OpenDeletion,
  type Outcome,
  REPLICAS_HELD,
  type Wait,
} from './change.ts';
export { addCounts, countBy } from './count-by.ts';
export { type ApplyDiff, countActions, type FieldDiff, type ManifestDiff, type ObjectDiff } from './diff.ts';
export type {
  AutoscalerFacts,
  ClaimFacts,
  ContentionFacts,
  EventFacts,
  Evidence,
  FinalizerFacts,
  LiveFacts,
  NamespaceFacts,
  PodFacts,
  ReplicaSetFacts,
} from './evidence.ts';
export { countStates, type HealthState, type ObjectHealth } from './health.ts';
export type {
  FieldOwner,
  FieldState,
  LiveEvent,
  LiveField,
  LiveObjectReport,
  ShownManifest,
} from './live.ts';
export type { LogEnd, LogPiece, LogQuery } from './live-log.ts';
export type { Amounts, ContainerType, LiveContainer, LivePod, LivePodsReport, UsageReading } from './live-pods.ts';
export type { ObjectEvent } from './object-event.ts';
export type {
  Action,
  ApplyEntry,
  Deletion,
  IdleEntry,
  IdleVerdict,
  InGit,
  KeptEntry,
  NotInGit,
  Orphan,
  Plan,
  PlanEntry,
  PlanRequest,
  PruneEntry,
  PruneVerdict,
} from './plan.ts';

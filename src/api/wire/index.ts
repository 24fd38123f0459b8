/**
 * The JSON bodies of the HTTP API. Flux v1's types keep Go's capitalised keys, which old clients expect; a `null` list there is an empty
 * one. The daemon writes them and fluxctl reads them, so large packages must not be imported here.
 */

export { type AutomationWire, automationSchema, whoAndWhySchema } from './automation.ts';
export {
  type DiffReportWire,
  type DiffRequestWire,
  diffReportSchema,
  diffRequestSchema,
  MAX_DIFF_BYTES,
} from './diff.ts';
export { type EventWire, eventSchema } from './event.ts';
export {
  errorBodySchema,
  imageListSchema,
  jobStatusSchema,
  notificationSchema,
  policySpecSchema,
  publicKeySchema,
  repositorySchema,
  updateRequestSchema,
  workloadListSchema,
} from './flux-v1-schemas.ts';
export { approvalSchema, type HeldDeletionsWire, heldDeletionsSchema, orphanDeletionSchema } from './gc.ts';
export { type HistoryWire, historySchema } from './history.ts';
export { type ImageDecisionsWire, imageDecisionsSchema } from './image-decision.ts';
export { type ImageScansWire, imageScansSchema } from './image-scan.ts';
export type { ChangeWire, ErrorWire, FingerprintWire, GitConfigWire, JobStatusWire, PublicKeyWire } from './legacy.ts';
export type {
  ContainerWire,
  ControllerStatusWire,
  ImageInfoWire,
  ImageStatusWire,
  ListedContainerWire,
  RolloutWire,
} from './listing.ts';
export { CONTAINER_FIELDS, type ContainerField } from './listing.ts';
export { type LiveObjectWire, liveObjectSchema, type ManifestWire, manifestSchema } from './live.ts';
export {
  type LogEndWire,
  type LogLinesWire,
  logEndSchema,
  logLinesSchema,
  MAX_TAIL_LINES,
  TAIL_LINES,
} from './live-log.ts';
export { type AmountsWire, type LiveContainerWire, type LivePodsWire, type LivePodWire, livePodsSchema } from './live-pods.ts';
export { type ObjectCommitsWire, objectCommitsSchema } from './object-commits.ts';
export { type ObjectDiffWire, objectDiffSchema } from './object-diff.ts';
export { OBJECT_STATES, type ObjectStatesWire, objectStatesSchema } from './object-state.ts';
export { type OverviewWire, overviewSchema, type TroubleWire } from './overview.ts';
export {
  type OidcRequestUrlWire,
  oidcAnswerSchema,
  oidcRequestSchema,
  oidcRequestUrlSchema,
  type PageCodeWire,
  type PageRightsWire,
  type PageSessionWire,
  pageCodeSchema,
  pageRightsSchema,
  pageSessionSchema,
  type SignInWaysWire,
  signInWaysSchema,
} from './page.ts';
export { type SandboxWire, type SourcesWire, type SourceWire, sourcesSchema } from './source.ts';
export {
  type HealthWire,
  healthSchema,
  type PlaceWire,
  type ProblemWire,
  problemSchema,
  type SyncReportWire,
  syncReportSchema,
  type UnverifiedWire,
} from './sync.ts';
export { STATUSES, type TopologyNodeWire, type TopologyWire, topologySchema } from './topology.ts';
export { type WhyWire, whySchema } from './why.ts';
export { type WritersWire, writersSchema } from './writers.ts';

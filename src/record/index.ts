/**
 * History. A *job note* on a commit records who or what requested it; a *sync record* on a commit records its outcome in the cluster.
 * Both are stored in Git, so that they outlast the daemon. *Events* report all of it as it happens. Data for waiting clients is kept in
 * bounded memory.
 */
export type { EventCause, EventMetadata, EventResult, EventType, FluxEvent, ObjectReason } from './event.ts';
export { EventLog, type LoggedEvent } from './event-log.ts';
export { summarizeEvent } from './event-summary.ts';
export { formatJobNote, type JobNote, parseJobNote, type RecordedJob } from './job-note.ts';
export { Recent } from './recent.ts';
export { healthOf, type RecordedHealth, type RecordedHealths } from './recorded-health.ts';
export { type RecordedAutomation, readRecordedAutomation, readRecordedSpec } from './recorded-spec.ts';
export {
  createSyncRecord,
  differsInTrouble,
  formatSyncRecord,
  parseSyncRecord,
  type RecordedChange,
  type RecordedImageUpdate,
  recordedAllowPrune,
  recordedUnconfirmed,
  recordedUnits,
  type SyncRecord,
  type SyncRecordInput,
  shrinkSyncRecord,
  withHealth,
} from './sync-record.ts';

/**
 * What is remembered of the past. A *job note* on a commit says who or what asked for it; a *sync record* on a commit says what
 * became of it in the cluster; both live in Git, so that they outlast the daemon. *Events* tell of all of it as it happens. What
 * only a waiting client needs is kept in a bounded memory.
 */
export type { EventCause, EventMetadata, EventResult, EventType, FluxEvent, ObjectReason } from './event.ts';
export { EventLog, type LoggedEvent } from './event-log.ts';
export { summarizeEvent } from './event-summary.ts';
export { formatJobNote, type JobNote, parseJobNote } from './job-note.ts';
export { Recent } from './recent.ts';
export {
  createSyncRecord,
  differsInTrouble,
  formatSyncRecord,
  parseSyncRecord,
  type RecordedChange,
  type RecordedImageUpdate,
  recordedAllowPrune,
  recordedUnconfirmed,
  type SyncRecord,
  type SyncRecordInput,
} from './sync-record.ts';

/**
 * The daemon's HTTP API from outside: what fluxctl calls. Speaks Flux v1's API, so that it works with a Go fluxd too, and the
 * newer one where the daemon has it. A door of its own, because it must load without the packages that the server needs.
 */

export type {
  Cause,
  PolicySpec,
  ReleaseImageSpec,
  UpdateSpec,
} from '../../update/index.ts';
export type {
  DiffReportWire,
  DiffRequestWire,
  HealthWire,
  HeldDeletionsWire,
  HistoryWire,
  ObjectStatesWire,
  SyncReportWire,
  WritersWire,
} from '../wire/index.ts';
export { MAX_DIFF_BYTES } from '../wire/index.ts';
export { type ApiClient, createApiClient } from './client.ts';
export type { ExchangeOptions } from './exchange.ts';
export { isPassing } from './loss.ts';
export type {
  GitConfig,
  JobStatus,
  ListedContainer,
  ListedImage,
  ListedWorkload,
  ListedWorkloadImages,
  UpdateResult,
} from './schema.ts';

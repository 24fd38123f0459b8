/**
 * The client of the daemon's HTTP API, used by fluxctl. Speaks Flux v1's API, so that it works with a Go fluxd, and the newer API where
 * the daemon has it. It has its own index because it must load without the packages that the server needs.
 */

export type {
  Cause,
  PolicySpec,
  ReleaseImageSpec,
  UpdateSpec,
} from '../../update/index.ts';
export type {
  AutomationWire,
  DiffReportWire,
  DiffRequestWire,
  HealthWire,
  HeldDeletionsWire,
  HistoryWire,
  ImageScansWire,
  ObjectStatesWire,
  SandboxWire,
  SourceWire,
  SyncReportWire,
  WhyWire,
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

/**
 * The daemon. One *loop* runs one step at a time over a *source* and a *cluster*: fetch, sync, job, automate. What the outside may ask
 * of it is the `Daemon` interface; what it asks of Git, manifests, cluster and images it declares itself in `ports.ts`.
 */
export type * from './daemon.ts';
export { type RunningFlux, startFlux } from './main.ts';
export type {
  AccessQuestion,
  AccessVerdict,
  Change,
  HealthState,
  ImageInfo,
  ObjectHealth,
  Outcome,
  Problem,
  Revision,
  Rollout,
  SourceState,
  SourceStatus,
} from './ports.ts';

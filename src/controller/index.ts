/**
 * The daemon. One *loop* runs one step at a time over a *source* and a *cluster*: fetch, sync, job, automate. What the outside may ask
 * of it is the `Daemon` interface; what it asks of Git, manifests, cluster and images it declares itself in `ports/`.
 */

export { EventLog, type FluxEvent, type LoggedEvent, summarizeEvent } from '../record/index.ts';
export type * from './daemon/daemon.ts';
export { decideEach } from './daemon/image-decisions.ts';
export type { RunningFlux } from './engines.ts';
export { startFlux } from './main.ts';
export { type Overview, overviewOf } from './overview/overview.ts';
export type { Trouble } from './overview/trouble.ts';
export type { LiveReads } from './ports/live.ts';
export type { ObjectDiffQuestion, ObjectDiffReport } from './repository/object-diff.ts';
export type { HeldDeletions } from './sync/approvals.ts';
export type { HistoryEntry, HistoryPosition } from './sync/history.ts';
export { type ObjectState, objectKey } from './sync/object-states.ts';
export type { TopologyNode } from './topology/node.ts';
export { type Topology, type TopologyQuestion, topologyOf } from './topology/topology.ts';
export { LINK_KINDS, LINK_STATES, type Link, type WhyAnswer, type WhyQuestion } from './why/answer.ts';

/**
 * Connects fluxctl to a daemon inside a cluster: finds its pod by labels and forwards a local port to it, as `kubectl port-forward` does,
 * and queries the API server for `fluxctl doctor`. It has its own index, so that fluxctl does not load the sync engine.
 */

export type { LiveObject } from '../object/live.ts';
export { FIELD_MANAGER, isAllOurs, MARK_LABEL } from '../object/ownership.ts';
export { type ClusterView, type Kind, openClusterView, type ResourceAttributes } from './cluster-view.ts';
export { type ClientSource, contextNames, contextNamespace } from './connection.ts';
export { openPortForward, type PortForward, type PortForwardOptions } from './port-forward.ts';

/**
 * The cluster side of GitOps. A *plan* compares what Git wants with what the API server holds, by metadata alone: one list a
 * kind, no request an object. To *apply* a plan sends each object that differs by server-side apply, under one field manager,
 * in stages (what others need first), and deletes what Git no longer has, but never when in doubt. An *inventory* in memory
 * remembers what was applied, so that an unchanged object costs nothing. Nothing here is durable: the marks on the
 * objects and their managedFields are the record.
 */
export { type ClusterOptions, createCluster } from './cluster.ts';
export type { KubeconfigSource } from './connection/kubeconfig.ts';
export { Fence } from './lease/fence.ts';
export { CHECKSUM_ANNOTATION, gcMark, MARK_LABEL } from './object/ownership.ts';

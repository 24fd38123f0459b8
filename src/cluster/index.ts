/**
 * The cluster side of GitOps. A *plan* compares the objects in Git with those of the API server, by metadata alone: one list per kind, no
 * request per object. *Applying* a plan sends each object that differs by server-side apply, under one field manager, in stages
 * (dependencies first), and deletes objects that were removed from Git, but never when in doubt. An *inventory* in memory remembers
 * applied objects, so that unchanged ones cost nothing. Nothing here is durable: the marks on objects and their managedFields are the
 * record.
 */
export { type ClusterOptions, createCluster } from './cluster.ts';
export type { KubeconfigSource } from './connection/kubeconfig.ts';
export { compareManifests } from './diff/compare-manifests.ts';
export { Fence } from './lease/fence.ts';
export { shownManifest } from './live/shown-manifest.ts';
export type { OwnValues } from './object/own-values.ts';
export { CHECKSUM_ANNOTATION, gcMark, MARK_LABEL } from './object/ownership.ts';
export type { ClusterSource } from './plan/source.ts';
export { ABSENT, type OwnSecret, type SecretChange, type SecretState } from './secret/own-secret.ts';

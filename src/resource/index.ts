/**
 * What things are called. A *resource* is any Kubernetes object; a *manifest* is a resource as the repository wants it, with
 * the place it was read from; a *workload* is a resource that runs containers. Pure types and their parse/format functions.
 */
export type { Container } from './container.ts';
export { type Fields, isFields } from './fields.ts';
export { type FieldChange, helmImageChanges } from './helm-release.ts';
export {
  CLUSTER_SCOPE,
  formatResourceId,
  isResourceId,
  parseResourceId,
  parseResourceIdIn,
  type ResourceId,
  type ResourceIdParts,
} from './id.ts';
export { formatPlace, type Manifest, type ManifestPlace } from './manifest.ts';
export {
  formatApiVersion,
  type Json,
  type JsonObject,
  type KubeObject,
  type ObjectMeta,
  type ObjectRef,
  objectKey,
  parseApiVersion,
} from './object.ts';
export { containersOf, isWorkloadKind, podSpecOf, WORKLOAD_KINDS } from './workload.ts';

/**
 * Names and types of resources. A *resource* is any Kubernetes object; a *manifest* is a resource in the repository, with its location;
 * a *workload* is a resource that runs containers. The *desired state* is the manifests of one revision, and the *problems* are what of
 * it cannot be used. Types with their parsers and formatters.
 */
export type { AccessQuestion, AccessSubject, AccessVerdict, ResourceRight, UserIdentity } from './access.ts';
export { isBuiltInGroup } from './built-in-group.ts';
export type { ClusterCapabilities } from './cluster-capabilities.ts';
export type { ClusterWorkload, Rollout, WorkloadFilter } from './cluster-workload.ts';
export { type Confidential, confidential, confidentialIn, mostConfidential } from './confidential.ts';
export type { Container } from './container.ts';
export { type Dependency, type Dependent, isOfPart, type Part } from './dependency.ts';
export type { DesiredState, Problem } from './desired.ts';
export { isDnsLabel } from './dns-label.ts';
export { duplicateError } from './duplicate.ts';
export { type Fields, isFields, type Path, valueAt } from './fields.ts';
export { FORCE_ANNOTATION, isForced } from './force.ts';
export {
  CLUSTER_SCOPE,
  formatResourceId,
  isResourceId,
  parseResourceId,
  parseResourceIdIn,
  type ResourceId,
  type ResourceIdParts,
} from './id.ts';
export { IGNORE_ANNOTATIONS, ignorePolicy } from './ignore.ts';
export { changesTo, dottedPath, type FieldChange, type ImagePlace } from './image-fields.ts';
export {
  formatPlace,
  isRendered,
  type Manifest,
  type ManifestPlace,
  placeName,
  type RenderedPlace,
  type WrittenPlace,
} from './manifest.ts';
export {
  formatApiVersion,
  isKubeObject,
  type Json,
  type JsonObject,
  type KubeObject,
  type ObjectMeta,
  type ObjectRef,
  objectKey,
  parseApiVersion,
} from './object.ts';
export type { Controller, KindAndName, OwnedInNamespace, OwnedObject } from './owned.ts';
export { type ContainerPhase, type ContainerState, isStarting, type PodState, pullCause, type Termination } from './pod.ts';
export { pullSecretsOf } from './pull-secrets.ts';
export type { LockedChart, OciChart, RemoteChart, RepositoryChart } from './remote-chart.ts';
export { type KindScope, scopesOf } from './scope.ts';
export { type Labels, podLabels, serviceSelector, type Use, type UseType, usesOf } from './uses.ts';
export {
  containersOf,
  FLUX_V1_WORKLOADS,
  imageFieldChanges,
  isFluxV1Workload,
  isWorkload,
  podSpecOf,
  podSpecPath,
} from './workload.ts';

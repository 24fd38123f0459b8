import type { Resource } from './catalog.ts';
import { asObject, equal } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';

/** Built-in kinds with a generation. All custom resources have one. */
const WITH_GENERATION = new Set([
  '/Pod',
  '/ReplicationController',
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'apps/ReplicaSet',
  'batch/Job',
  'batch/CronJob',
  'networking.k8s.io/Ingress',
  'networking.k8s.io/IngressClass',
  'networking.k8s.io/NetworkPolicy',
  'policy/PodDisruptionBudget',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'discovery.k8s.io/EndpointSlice',
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'scheduling.k8s.io/PriorityClass',
]);

export function hasGeneration(resource: Resource): boolean {
  return resource.custom !== undefined || WITH_GENERATION.has(`${resource.group}/${resource.kind}`);
}

export function specChanged(resource: Resource, old: KubeObject, object: KubeObject, subresource: string | undefined): boolean {
  // Only Deployments count changes of annotations, except those that the controller writes with the status.
  const counted = resource.group === 'apps' && resource.kind === 'Deployment' && subresource !== 'status';
  if (counted && !equal(asObject(metaOf(old).annotations), asObject(metaOf(object).annotations))) return true;
  const ignored = resource.custom && !resource.subresources?.status ? ['metadata'] : ['metadata', 'status'];
  const rest = (value: KubeObject) => Object.fromEntries(Object.entries(value).filter(([key]) => !ignored.includes(key)));
  return !equal(rest(old), rest(object));
}

import { isBuiltInGroup } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';

/**
 * The order of kinds; within a stage the order does not matter. Namespaces and definitions come first because other objects need them,
 * then configuration before its readers, and last the kinds that can reject or delay other requests (webhooks, policies, aggregated
 * APIs). Deletions use the reverse order.
 */
export const STAGES = 5;

const STAGE: Readonly<Record<string, number>> = {
  Namespace: 0,
  CustomResourceDefinition: 0,
  ClusterRole: 1,
  ClusterRoleBinding: 1,
  ConfigMap: 1,
  CSIDriver: 1,
  IngressClass: 1,
  LimitRange: 1,
  NetworkPolicy: 1,
  PersistentVolume: 1,
  PersistentVolumeClaim: 1,
  PodDisruptionBudget: 1,
  PriorityClass: 1,
  ResourceQuota: 1,
  Role: 1,
  RoleBinding: 1,
  RuntimeClass: 1,
  Secret: 1,
  Service: 1,
  ServiceAccount: 1,
  StorageClass: 1,
  CronJob: 2,
  DaemonSet: 2,
  Deployment: 2,
  HorizontalPodAutoscaler: 2,
  Ingress: 2,
  Job: 2,
  Pod: 2,
  ReplicaSet: 2,
  ReplicationController: 2,
  StatefulSet: 2,
  APIService: 4,
  MutatingAdmissionPolicy: 4,
  MutatingAdmissionPolicyBinding: 4,
  MutatingWebhookConfiguration: 4,
  ValidatingAdmissionPolicy: 4,
  ValidatingAdmissionPolicyBinding: 4,
  ValidatingWebhookConfiguration: 4,
};

const REST = 3;

/** A custom `Service` or `Job` of another group is applied with the other custom resources. */
export function stageOf({ group, kind }: Pick<ApiResource, 'group' | 'kind'>): number {
  return isBuiltInGroup(group) && Object.hasOwn(STAGE, kind) ? (STAGE[kind] ?? REST) : REST;
}

import { asList, at, isObject, type JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';
import { fill, podRequestDefaults, podSpecDefaults } from './pod-defaults.ts';

type Defaulter = (object: KubeObject) => void;

const specOf = (object: KubeObject): JsonObject => {
  if (!isObject(object.spec)) object.spec = {};
  return object.spec as JsonObject;
};

function templateDefaults(owner: JsonObject): void {
  const spec = at(owner.template, 'spec');
  if (isObject(spec)) podSpecDefaults(spec);
}

function deployment(object: KubeObject): void {
  const spec = specOf(object);
  fill(spec, 'replicas', 1);
  fill(spec, 'revisionHistoryLimit', 10);
  fill(spec, 'progressDeadlineSeconds', 600);
  rollingUpdate(spec, 'strategy', { maxUnavailable: '25%', maxSurge: '25%' });
  templateDefaults(spec);
}

function rollingUpdate(spec: JsonObject, field: string, defaults: JsonObject): void {
  fill(spec, field, {});
  const strategy = spec[field];
  if (!isObject(strategy)) return;
  fill(strategy, 'type', 'RollingUpdate');
  if (strategy.type !== 'RollingUpdate') return;
  fill(strategy, 'rollingUpdate', {});
  const values = strategy.rollingUpdate;
  if (isObject(values)) for (const [key, value] of Object.entries(defaults)) fill(values, key, value);
}

function statefulSet(object: KubeObject): void {
  const spec = specOf(object);
  fill(spec, 'replicas', 1);
  fill(spec, 'podManagementPolicy', 'OrderedReady');
  fill(spec, 'revisionHistoryLimit', 10);
  fill(spec, 'persistentVolumeClaimRetentionPolicy', { whenDeleted: 'Retain', whenScaled: 'Retain' });
  rollingUpdate(spec, 'updateStrategy', { partition: 0 });
  templateDefaults(spec);
  for (const claim of asList(spec.volumeClaimTemplates)) {
    if (!isObject(claim)) continue;
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    fill(specOf(claim), 'volumeMode', 'Filesystem');
  }
}

function daemonSet(object: KubeObject): void {
  const spec = specOf(object);
  fill(spec, 'revisionHistoryLimit', 10);
  rollingUpdate(spec, 'updateStrategy', { maxUnavailable: 1, maxSurge: 0 });
  templateDefaults(spec);
}

function jobSpec(spec: JsonObject): void {
  if (spec.completions === undefined && spec.parallelism === undefined) fill(spec, 'completions', 1);
  fill(spec, 'parallelism', 1);
  fill(spec, 'backoffLimit', 6);
  fill(spec, 'completionMode', 'NonIndexed');
  fill(spec, 'suspend', false);
  fill(spec, 'podReplacementPolicy', 'TerminatingOrFailed');
  templateDefaults(spec);
}

function cronJob(object: KubeObject): void {
  const spec = specOf(object);
  fill(spec, 'concurrencyPolicy', 'Allow');
  fill(spec, 'suspend', false);
  fill(spec, 'successfulJobsHistoryLimit', 3);
  fill(spec, 'failedJobsHistoryLimit', 1);
  const template = at(spec.jobTemplate, 'spec');
  if (isObject(template)) templateDefaults(template);
}

function service(object: KubeObject): void {
  const spec = specOf(object);
  fill(spec, 'type', 'ClusterIP');
  fill(spec, 'sessionAffinity', 'None');
  if (spec.sessionAffinity === 'ClientIP') fill(spec, 'sessionAffinityConfig', { clientIP: { timeoutSeconds: 10800 } });
  if (spec.type !== 'ExternalName') fill(spec, 'internalTrafficPolicy', 'Cluster');
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') fill(spec, 'externalTrafficPolicy', 'Cluster');
  if (spec.type === 'LoadBalancer') fill(spec, 'allocateLoadBalancerNodePorts', true);
  for (const port of asList(spec.ports)) {
    if (!isObject(port)) continue;
    fill(port, 'protocol', 'TCP');
    const target = port.targetPort;
    if (target === undefined || target === 0 || target === '') port.targetPort = port.port ?? 0;
  }
}

function ingress(object: KubeObject): void {
  for (const rule of asList(specOf(object).rules))
    for (const path of asList(at(rule, 'http', 'paths'))) if (isObject(path)) fill(path, 'pathType', 'ImplementationSpecific');
}

function horizontalPodAutoscaler(object: KubeObject): void {
  const spec = specOf(object);
  fill(spec, 'minReplicas', 1);
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };
  if (object.apiVersion === 'autoscaling/v2') fill(spec, 'metrics', [cpu]);
}

function networkPolicy(object: KubeObject): void {
  const spec = specOf(object);
  fill(spec, 'policyTypes', ['Ingress', ...(asList(spec.egress).length > 0 ? ['Egress'] : [])]);
  for (const direction of ['ingress', 'egress'])
    for (const rule of asList(spec[direction]))
      for (const port of asList(at(rule, 'ports'))) if (isObject(port)) fill(port, 'protocol', 'TCP');
}

function binding(object: KubeObject): void {
  const roleRef = object.roleRef;
  if (isObject(roleRef) && !roleRef.apiGroup) roleRef.apiGroup = 'rbac.authorization.k8s.io';
  for (const subject of asList(object.subjects))
    if (isObject(subject) && !subject.apiGroup && subject.kind !== 'ServiceAccount')
      subject.apiGroup = 'rbac.authorization.k8s.io';
}

function secret(object: KubeObject): void {
  fill(object, 'type', 'Opaque');
  const plain = object.stringData;
  if (!isObject(plain)) return;
  const encoded = Object.entries(plain).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  object.data = { ...(isObject(object.data) ? object.data : {}), ...Object.fromEntries(encoded) };
  delete object.stringData;
}

function customResourceDefinition(object: KubeObject): void {
  const spec = specOf(object);
  fill(spec, 'conversion', { strategy: 'None' });
  const names = spec.names;
  if (!isObject(names)) return;
  fill(names, 'listKind', `${String(names.kind)}List`);
  fill(names, 'singular', String(names.kind).toLowerCase());
}

function namespace(object: KubeObject): void {
  const meta = metaOf(object);
  meta.labels = { ...meta.labels, 'kubernetes.io/metadata.name': meta.name };
}

const DEFAULTERS: Readonly<Record<string, Defaulter>> = {
  '/Pod': (object) => {
    podSpecDefaults(specOf(object));
    podRequestDefaults(specOf(object));
  },
  '/Namespace': namespace,
  '/Service': service,
  '/Secret': secret,
  '/PersistentVolumeClaim': (object) => fill(specOf(object), 'volumeMode', 'Filesystem'),
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'apps/DaemonSet': daemonSet,
  'apps/ReplicaSet': (object) => {
    fill(specOf(object), 'replicas', 1);
    templateDefaults(specOf(object));
  },
  'batch/Job': (object) => jobSpec(specOf(object)),
  'batch/CronJob': cronJob,
  'networking.k8s.io/Ingress': ingress,
  'networking.k8s.io/NetworkPolicy': networkPolicy,
  'autoscaling/HorizontalPodAutoscaler': horizontalPodAutoscaler,
  'rbac.authorization.k8s.io/RoleBinding': binding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': binding,
  'apiextensions.k8s.io/CustomResourceDefinition': customResourceDefinition,
};

/** Fills the server's defaults in place, by kind. */
export function applyDefaults(group: string, kind: string, object: KubeObject): void {
  DEFAULTERS[`${group}/${kind}`]?.(object);
}

/*
 * How strategic merge patches treat the fields of built-in objects: the `patchStrategy` and `patchMergeKey` of the Go types of Kubernetes
 * 1.34, without those below `status`. Maps that are not listed here merge, and lists replace each other.
 */

/** How one field merges. */
export type FieldRule =
  | { readonly kind: 'map'; readonly schema: MergeSchema; readonly retainKeys?: true; readonly replace?: true }
  /** A list of maps, which are matched by a key. */
  | { readonly kind: 'keyed'; readonly key: string; readonly schema: MergeSchema; readonly retainKeys?: true }
  /** A list of scalars, used as a set. */
  | { readonly kind: 'set' };

export interface MergeSchema {
  readonly [field: string]: FieldRule;
}

const NONE: MergeSchema = {};
const keyed = (key: string, schema = NONE): FieldRule => ({ kind: 'keyed', key, schema });
const map = (schema: MergeSchema): FieldRule => ({ kind: 'map', schema });

const METADATA: MergeSchema = { ownerReferences: keyed('uid'), finalizers: { kind: 'set' } };

const METADATA_ONLY = map({ metadata: map(METADATA) });

const CONTAINER: MergeSchema = {
  env: keyed('name'),
  ports: keyed('containerPort'),
  volumeDevices: keyed('devicePath'),
  volumeMounts: keyed('mountPath'),
};

const POD_SPEC: MergeSchema = {
  containers: keyed('name', CONTAINER),
  ephemeralContainers: keyed('name', CONTAINER),
  hostAliases: keyed('ip'),
  imagePullSecrets: keyed('name'),
  initContainers: keyed('name', CONTAINER),
  resourceClaims: { kind: 'keyed', key: 'name', schema: NONE, retainKeys: true },
  schedulingGates: keyed('name'),
  topologySpreadConstraints: keyed('topologyKey'),
  volumes: {
    kind: 'keyed',
    key: 'name',
    schema: { ephemeral: map({ volumeClaimTemplate: METADATA_ONLY }) },
    retainKeys: true,
  },
};

const TEMPLATE: MergeSchema = { metadata: map(METADATA), spec: map(POD_SPEC) };
const WITH_TEMPLATE: MergeSchema = { template: map(TEMPLATE) };
const WEBHOOKS = keyed('name', { matchConditions: keyed('name') });
const ADMISSION_POLICY: MergeSchema = { matchConditions: keyed('name'), variables: keyed('name') };

/** The fields of an object, by API group and kind, besides its metadata. Other kinds of these groups have no such fields. */
const KINDS: ReadonlyMap<string, MergeSchema> = new Map<string, MergeSchema>([
  ['/Node', { spec: map({ podCIDRs: { kind: 'set' } }) }],
  ['/Pod', { spec: map(POD_SPEC) }],
  ['/PodTemplate', WITH_TEMPLATE],
  ['/ReplicationController', { spec: map(WITH_TEMPLATE) }],
  ['/Service', { spec: map({ ports: keyed('port') }) }],
  ['/ServiceAccount', { secrets: keyed('name') }],
  ['admissionregistration.k8s.io/MutatingAdmissionPolicy', { spec: map(ADMISSION_POLICY) }],
  ['admissionregistration.k8s.io/MutatingWebhookConfiguration', { webhooks: WEBHOOKS }],
  ['admissionregistration.k8s.io/ValidatingAdmissionPolicy', { spec: map(ADMISSION_POLICY) }],
  ['admissionregistration.k8s.io/ValidatingWebhookConfiguration', { webhooks: WEBHOOKS }],
  ['apps/DaemonSet', { spec: map(WITH_TEMPLATE) }],
  ['apps/Deployment', { spec: map({ ...WITH_TEMPLATE, strategy: { kind: 'map', schema: NONE, retainKeys: true } }) }],
  ['apps/ReplicaSet', { spec: map(WITH_TEMPLATE) }],
  ['apps/StatefulSet', { spec: map(WITH_TEMPLATE) }],
  ['batch/CronJob', { spec: map({ jobTemplate: map({ metadata: map(METADATA), spec: map(WITH_TEMPLATE) }) }) }],
  ['batch/Job', { spec: map(WITH_TEMPLATE) }],
  ['policy/PodDisruptionBudget', { spec: map({ selector: { kind: 'map', schema: NONE, replace: true } }) }],
  ['resource.k8s.io/ResourceClaimTemplate', { spec: METADATA_ONLY }],
  ['storage.k8s.io/CSINode', { spec: map({ drivers: keyed('name') }) }],
]);

/** The groups whose objects Flux v1 patched strategically; others, such as custom resources, get JSON merge patches. */
const BUILT_IN = new Set([
  '',
  'admissionregistration.k8s.io',
  'apps',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'extensions',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
]);

/** The rules for an object, or undefined if it is of no built-in group. */
export function mergeSchemaOf({
  apiVersion,
  kind,
}: {
  readonly apiVersion: string;
  readonly kind: string;
}): MergeSchema | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  if (!BUILT_IN.has(group)) return undefined;
  // Removed versions of workloads had the same types.
  const home = group === 'extensions' && kind !== 'Ingress' ? 'apps' : group;
  return { metadata: map(METADATA), ...KINDS.get(`${home}/${kind}`) };
}

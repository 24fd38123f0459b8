import { isBuiltInGroup } from './built-in-group.ts';
import { isFields } from './fields.ts';
import { type KubeObject, parseApiVersion } from './object.ts';

/** Whether the objects of a kind are in a namespace. */
export type KindScope = 'cluster' | 'namespaced';

/** The kinds of Kubernetes itself that are in no namespace, by group. */
const CLUSTER_SCOPED: Readonly<Record<string, readonly string[]>> = {
  '': ['ComponentStatus', 'Namespace', 'Node', 'PersistentVolume'],
  'admissionregistration.k8s.io': [
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingWebhookConfiguration',
  ],
  'apiextensions.k8s.io': ['CustomResourceDefinition'],
  'apiregistration.k8s.io': ['APIService'],
  'certificates.k8s.io': ['CertificateSigningRequest', 'ClusterTrustBundle'],
  extensions: ['PodSecurityPolicy'],
  'flowcontrol.apiserver.k8s.io': ['FlowSchema', 'PriorityLevelConfiguration'],
  'internal.apiserver.k8s.io': ['StorageVersion'],
  'networking.k8s.io': ['IngressClass', 'IPAddress', 'ServiceCIDR'],
  'node.k8s.io': ['RuntimeClass'],
  policy: ['PodSecurityPolicy'],
  'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding'],
  'resource.k8s.io': ['DeviceClass', 'DeviceTaintRule', 'ResourceSlice'],
  'scheduling.k8s.io': ['PriorityClass'],
  'storage.k8s.io': ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
  'storagemigration.k8s.io': ['StorageVersionMigration'],
};

/**
 * The scope of kinds as far as it is known without a cluster: of Kubernetes' own kinds, and of those that definitions among the objects
 * define; undefined for others.
 */
export function scopesOf(objects: readonly KubeObject[]): (object: KubeObject) => KindScope | undefined {
  const defined = new Map(objects.flatMap(definedScope));
  return ({ apiVersion, kind }) => {
    const { group } = parseApiVersion(apiVersion);
    const known = defined.get(`${group}/${kind}`);
    if (known !== undefined || !isBuiltInGroup(group)) return known;
    return CLUSTER_SCOPED[group]?.includes(kind) ? 'cluster' : 'namespaced';
  };
}

function definedScope({ apiVersion, kind, spec }: KubeObject): readonly (readonly [string, KindScope])[] {
  if (kind !== 'CustomResourceDefinition' || parseApiVersion(apiVersion).group !== 'apiextensions.k8s.io') return [];
  if (!isFields(spec) || !isFields(spec.names)) return [];
  return [[`${spec.group}/${spec.names.kind}`, spec.scope === 'Cluster' ? 'cluster' : 'namespaced']];
}

import { apply, command, environment } from './environment.ts';
import { pushMetricsServer } from './images.ts';

const NAME = 'metrics-server';
const NAMESPACE = 'kube-system';
const labels = { 'k8s-app': NAME };
const metadata = { name: NAME, namespace: NAMESPACE, labels };
const SUBJECTS = [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }];

const binding = (kind: string, name: string, role: { readonly kind: string; readonly name: string }) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name, labels, ...(kind === 'RoleBinding' ? { namespace: NAMESPACE } : {}) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...role },
  subjects: SUBJECTS,
});

/** `manifests/base` of metrics-server, with what measures more often, and without a priority that needs more of the node. */
const objects = (replicas: number) => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'system:metrics-server', labels },
    rules: [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
    ],
  },
  binding('ClusterRoleBinding', 'system:metrics-server', { kind: 'ClusterRole', name: 'system:metrics-server' }),
  binding('ClusterRoleBinding', 'metrics-server:system:auth-delegator', { kind: 'ClusterRole', name: 'system:auth-delegator' }),
  binding('RoleBinding', 'metrics-server-auth-reader', { kind: 'Role', name: 'extension-apiserver-authentication-reader' }),
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: NAME,
          terminationGracePeriodSeconds: 0,
          volumes: [{ name: 'tmp-dir', emptyDir: {} }],
          containers: [
            {
              name: NAME,
              image: `${environment.registry}/${NAME}:1`,
              args: [
                '--cert-dir=/tmp',
                '--secure-port=10250',
                '--kubelet-preferred-address-types=InternalIP',
                '--kubelet-use-node-status-port',
                '--kubelet-insecure-tls',
                // The least it takes; longer than it waits for a kubelet.
                '--metric-resolution=10s',
                '--kubelet-request-timeout=5s',
              ],
              ports: [{ name: 'https', containerPort: 10250 }],
              readinessProbe: { httpGet: { path: '/readyz', port: 'https', scheme: 'HTTPS' }, periodSeconds: 1 },
              securityContext: {
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
                runAsUser: 1000,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [{ name: 'tmp-dir', mountPath: '/tmp' }],
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: labels, ports: [{ name: 'https', port: 443, targetPort: 'https' }] },
  },
  {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io', labels },
    spec: {
      service: { name: NAME, namespace: NAMESPACE },
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      insecureSkipTLSVerify: true,
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  },
];

/** A metrics-server that is installed: of no use before it has pods. */
export interface MetricsServer {
  start(): Promise<void>;
  uninstall(): Promise<void>;
}

/** Installs the real metrics-server, without pods as yet. */
export async function installMetricsServer(): Promise<MetricsServer> {
  await pushMetricsServer(NAME, '1');
  await apply(...objects(0));
  return {
    start: () => apply(...objects(1)).then(() => undefined),
    async uninstall() {
      // The API first: as long as it does not answer, namespaces are not deleted, and garbage is not collected.
      await command('kubectl', 'delete', 'apiservice', 'v1beta1.metrics.k8s.io');
      const kinds = 'deployments,services,serviceaccounts,rolebindings,clusterroles,clusterrolebindings';
      await command('kubectl', '-n', NAMESPACE, 'delete', kinds, `--selector=k8s-app=${NAME}`, '--wait=false');
    },
  };
}

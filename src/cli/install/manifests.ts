import { dumpYaml } from '../../base/index.ts';

export interface Installation {
  readonly namespace: string;
  /** Of fluxd. */
  readonly image: string;
  /** Of fluxd, in order. */
  readonly arguments: readonly string[];
}

const LABELS = { name: 'flux' };
const SECRET = 'flux-git-deploy';

/** The objects that run fluxd, as YAML by file name; the names are those of Flux v1, without those of memcached. */
export function fluxManifests(installation: Installation): Readonly<Record<string, string>> {
  const { namespace } = installation;
  const account = [serviceAccount(namespace), CLUSTER_ROLE, clusterRoleBinding(namespace)];
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: SECRET, namespace, labels: LABELS },
    type: 'Opaque',
  };
  return {
    'flux-account.yaml': account.map(dumpYaml).join('---\n'),
    'flux-secret.yaml': dumpYaml(secret),
    'flux-deployment.yaml': dumpYaml(deployment(installation)),
  };
}

function serviceAccount(namespace: string): object {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'flux', namespace, labels: LABELS } };
}

/** Flux applies whatever is in Git, so by default it may do everything (docs/rights.md says how to give it less). */
const CLUSTER_ROLE = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'flux', labels: LABELS },
  rules: [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ],
};

function clusterRoleBinding(namespace: string): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'flux', labels: LABELS },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'flux' },
    subjects: [{ kind: 'ServiceAccount', name: 'flux', namespace }],
  };
}

function deployment({ namespace, image, arguments: args }: Installation): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'flux', namespace, labels: LABELS },
    spec: {
      replicas: 1,
      // A second daemon would only wait for the first (docs/high-availability.md).
      strategy: { type: 'Recreate' },
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS, annotations: { 'prometheus.io/port': '3031' } },
        spec: {
          serviceAccountName: 'flux',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          // The deploy key is put there later; until then nothing can be fetched, and the daemon says so.
          volumes: [{ name: 'git-key', secret: { secretName: SECRET, defaultMode: 0o400 } }],
          containers: [
            {
              name: 'flux',
              image,
              imagePullPolicy: 'IfNotPresent',
              args,
              ports: [{ containerPort: 3030 }],
              resources: { requests: { cpu: '50m', memory: '64Mi' } },
              livenessProbe: probe('/healthz'),
              readinessProbe: probe('/readyz'),
              volumeMounts: [{ name: 'git-key', mountPath: '/etc/fluxd/ssh', readOnly: true }],
            },
          ],
        },
      },
    },
  };
}

function probe(path: string): object {
  return { httpGet: { port: 3030, path }, initialDelaySeconds: 5, timeoutSeconds: 5 };
}

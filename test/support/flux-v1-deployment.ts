import { CHART_ARGUMENTS } from './flux-v1-chart.ts';

export interface FluxV1Options {
  readonly namespace: string;
  readonly image: string;
  /** Replaces arguments of the chart that set the same flag. */
  readonly args: readonly string[];
  readonly knownHosts: string;
  /** The private deploy key. */
  readonly identity: string;
}

/** What the chart of Flux v1 (1.13.3) mounts as kubeconfig: a context, and neither a cluster nor a user. */
export const CHART_KUBECONFIG = `apiVersion: v1
clusters: []
contexts:
- context:
    cluster: ""
    namespace: default
    user: ""
  name: default
current-context: default
kind: Config
preferences: {}
users: []
`;

/** All that the chart of Flux v1 (1.13.3) makes for the release `flux` with a deploy key and known hosts, memcached left out. */
export function fluxV1Release({ namespace, image, args, knownHosts, identity }: FluxV1Options): readonly object[] {
  const named = (name: string) => ({
    name,
    namespace,
    labels: { app: 'flux', chart: 'flux-1.13.3', release: 'flux', heritage: 'Helm' },
  });
  const probe = { httpGet: { port: 3030, path: '/api/flux/v6/identity.pub' }, initialDelaySeconds: 5, timeoutSeconds: 5 };
  const labels = { app: 'flux', release: 'flux' };
  const flag = (argument: string) => argument.replace(/=.*/, '');
  const given = new Set(args.map(flag));
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: named('flux') },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { ...named('flux'), name: `flux-${namespace}`, namespace: undefined },
      rules: [
        { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
        { nonResourceURLs: ['*'], verbs: ['*'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { ...named('flux'), name: `flux-${namespace}`, namespace: undefined },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `flux-${namespace}` },
      subjects: [{ kind: 'ServiceAccount', name: 'flux', namespace }],
    },
    { apiVersion: 'v1', kind: 'Secret', metadata: named('flux-git-deploy'), type: 'Opaque', stringData: { identity } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: named('flux-kube-config'), data: { config: CHART_KUBECONFIG } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: named('flux-ssh-config'), data: { known_hosts: knownHosts } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: named('flux'),
      spec: { type: 'ClusterIP', ports: [{ port: 3030, targetPort: 'http', protocol: 'TCP', name: 'http' }], selector: labels },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named('flux'),
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        strategy: { type: 'Recreate' },
        template: {
          metadata: { annotations: { 'checksum/ssh': '0' }, labels },
          spec: {
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            serviceAccountName: 'flux',
            volumes: [
              { name: 'kubedir', configMap: { name: 'flux-kube-config' } },
              { name: 'sshdir', configMap: { name: 'flux-ssh-config', defaultMode: 0o600 } },
              { name: 'git-key', secret: { secretName: 'flux-git-deploy', defaultMode: 0o400 } },
              { name: 'git-keygen', emptyDir: { medium: 'Memory' } },
            ],
            containers: [
              {
                name: 'flux',
                image,
                imagePullPolicy: 'IfNotPresent',
                ports: [{ name: 'http', containerPort: 3030, protocol: 'TCP' }],
                livenessProbe: probe,
                readinessProbe: probe,
                volumeMounts: [
                  { name: 'kubedir', mountPath: '/root/.kubectl' },
                  { name: 'sshdir', mountPath: '/root/.ssh', readOnly: true },
                  { name: 'git-key', mountPath: '/etc/fluxd/ssh', readOnly: true },
                  { name: 'git-keygen', mountPath: '/var/fluxd/keygen' },
                ],
                env: [{ name: 'KUBECONFIG', value: '/root/.kubectl/config' }],
                args: [...CHART_ARGUMENTS.filter((argument) => !given.has(flag(argument))), ...args],
                resources: { requests: { cpu: '50m', memory: '64Mi' } },
              },
            ],
          },
        },
      },
    },
  ];
}

import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startWorld, type World } from '../../e2e/harness/index.ts';
import { deploymentOf, helm, render, renderArguments, V1_VALUES } from './helm.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  // The real definitions of the Prometheus operator, so that the API server checks our objects by them.
  const { MONITORING_CRDS } = process.env;
  if (!MONITORING_CRDS) throw new Error('MONITORING_CRDS names no directory: run test/charts/run.sh');
  for (const kind of ['servicemonitors', 'podmonitors', 'prometheusrules'])
    kubectl('apply', '--server-side', '-f', `${MONITORING_CRDS}/monitoring.coreos.com_${kind}.yaml`);
  kubectl('wait', '--for=condition=Established', 'crd/prometheusrules.monitoring.coreos.com', '--timeout=30s');
});
afterAll(() => world.close());

function kubectl(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('kubectl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function succeeds(...args: readonly string[]): string {
  const { code, stdout, stderr } = helm(...args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** A namespace that takes no pod but restricted ones. */
async function restrictedNamespace(): Promise<string> {
  const name = world.namespace('flux');
  await world.kube.create('api/v1/namespaces', {
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  await world.kube.create(`api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'other' } });
  return name;
}

/** Each is on or off. */
const CHOICES: readonly Readonly<Record<string, unknown>>[] = [
  { replicaCount: 2 },
  { 'ssh.known_hosts': 'h ssh-ed25519 AAAA' },
  { git: { secretName: 'key', url: 'https://example.org/you/config' } },
  { 'git.config': { enabled: true, data: '[user]' } },
  { 'kube.externalConfig': true },
  { 'registry.dockercfg': { enabled: true, secretName: 's' } },
  { 'tls.secretName': 'tls' },
  { webhook: { enabled: true, ingress: { enabled: true, host: 'hooks.example.org', tlsSecretName: 'cert' } } },
  { prometheus: { enabled: true, serviceMonitor: { create: true, interval: '30s', additionalLabels: { a: 'b' } } } },
  { 'prometheus.podMonitor': { create: true }, 'prometheus.rules': { create: true } },
  { 'dashboards.enabled': true },
  { serviceAccount: { create: false, name: 'other' } },
  {
    'networkPolicy.from': [{ namespaceSelector: {} }],
    'networkPolicy.egressPorts': [22, 443],
    manifestGeneration: true,
    'generation.network.paths': ['envs'],
  },
  { 'clusterRole.create': false },
  { 'rbac.rules': [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }] },
  { selectorLabels: { name: 'flux' } },
];

/** Rows in which each two choices meet in all four ways: they differ in a bit of their numbers, or are alike in the last two rows. */
const bits = Math.ceil(Math.log2(CHOICES.length));
const rows = Array.from({ length: bits }, (_, bit) => bit).flatMap((bit) => [
  CHOICES.filter((_, index) => (index >> bit) & 1),
  CHOICES.filter((_, index) => !((index >> bit) & 1)),
]);
const COMBINATIONS = [...rows, [], CHOICES].map((row) => Object.assign({}, ...row) as Readonly<Record<string, unknown>>);

describe('the real API server', () => {
  test.each(COMBINATIONS.map((set) => [Object.keys(set).join(' ') || 'nothing', set] as const))(
    'takes the chart, and Pod Security calls its pods restricted, with %s',
    async (_name, set) => {
      const namespace = await restrictedNamespace();
      const options = { release: world.unique('flux'), namespace, set };
      onTestFinished(() => void helm('uninstall', options.release, '--namespace', namespace));
      succeeds('install', ...renderArguments(options));
      const { metadata, spec } = deploymentOf(render(options)).spec.template;
      const account = spec.serviceAccountName;
      const pod = { metadata: { ...metadata, name: 'try', namespace }, spec: { ...spec, serviceAccountName: account } };
      await world.kube.create(`api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
      // Once more changes nothing.
      const version = () =>
        kubectl('-n', namespace, 'get', 'deployment', options.release, '-o', 'jsonpath={.metadata.generation}');
      const before = version();
      succeeds('upgrade', ...renderArguments(options));
      expect(version()).toBe(before);
    },
  );

  test('would refuse a pod that is not restricted', async () => {
    const namespace = await restrictedNamespace();
    const set = { securityContext: { readOnlyRootFilesystem: true, runAsNonRoot: false } };
    const { spec } = deploymentOf(render({ namespace, set })).spec.template;
    const pod = { metadata: { name: 'try' }, spec: { ...spec, serviceAccountName: 'other' } };
    await expect(world.kube.create(`api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)).rejects.toThrow(
      /violates PodSecurity/,
    );
  });

  test('tells after an upgrade what counts for nothing among values of Flux v1, and keeps the deploy key', async () => {
    const namespace = await restrictedNamespace();
    const release = world.unique('flux');
    onTestFinished(() => void helm('uninstall', release, '--namespace', namespace));
    const options = { release, namespace, file: V1_VALUES, set: { 'git.url': 'git@example.org:you/config' } };
    const told = succeeds('install', ...renderArguments(options));
    expect(told).toContain('git@example.org:you/config, branch master.');
    expect(told).toContain('No effect: memcached.');
    expect(told).toContain('image.repository and image.tag name Flux v1, a different program, and have no effect.');
    // By the commands that the notes give.
    const key = kubectl(
      '-n',
      namespace,
      'create',
      'secret',
      'generic',
      `${release}-git-deploy`,
      '--from-literal=identity=k',
      '--dry-run=client',
      '-o',
      'yaml',
    );
    const put = spawnSync('kubectl', ['apply', '--server-side', '--force-conflicts', '-f', '-'], {
      input: key,
      encoding: 'utf8',
    });
    expect([put.status, put.stderr]).toEqual([0, '']);
    succeeds('upgrade', ...renderArguments({ ...options, set: { ...options.set, replicaCount: 2 } }));
    const secret = await world.kube.get(`api/v1/namespaces/${namespace}/secrets/${release}-git-deploy`);
    expect(secret).toMatchObject({ data: { identity: 'aw==' } });
  });

  test('takes manifests/, plain and by kustomize', () => {
    for (const flag of ['-f', '-k']) {
      const path = `${import.meta.dirname}/../../../manifests${flag === '-f' ? '/install.yaml' : ''}`;
      kubectl('apply', '--server-side', flag, path);
    }
    expect(kubectl('-n', 'flux', 'get', 'deployment', 'flux', '-o', 'name')).toBe('deployment.apps/flux\n');
    kubectl('delete', '--wait=false', '-k', `${import.meta.dirname}/../../../manifests`);
  });
});

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { FLAGS, type FlagName, parseFlags } from '../../../src/config/index.ts';
import { argumentsOf, CHART, deploymentOf, helm, type Rendered, refusal, render, V1_VALUES } from './helm.ts';

const find = (objects: readonly Rendered[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);
interface Mount {
  readonly name: string;
  readonly mountPath: string;
}
interface EgressRule {
  readonly to?: readonly { readonly ipBlock: { readonly cidr: string; readonly except?: readonly string[] } }[];
  readonly ports?: readonly { readonly port: number }[];
}
const pod = (objects: readonly Rendered[]) => deploymentOf(objects).spec.template.spec;
const start = (args: readonly string[]) =>
  parseFlags(args, { version: '1', environment: {}, readFile: (path) => readFileSync(path, 'utf8') });

test('the linter of Helm has nothing to say', () => {
  const { code, stdout } = helm('lint', '--strict', CHART);
  expect([code, stdout]).toEqual([0, expect.stringContaining('0 chart(s) failed')]);
  expect(stdout).not.toMatch(/WARNING|ERROR/);
});

describe('a values.yaml of Flux v1', () => {
  test('installs, as its defaults do, and with its names and selectors', () => {
    const objects = render({ file: V1_VALUES });
    const requests = { cpu: '50m', memory: '64Mi' };
    expect(objects).toEqual(render({ set: { memcached: { enabled: true }, 'resources.requests': requests } }));
    expect(deploymentOf(objects).spec.selector.matchLabels).toEqual({ app: 'flux', release: 'flux' });
    for (const [kind, name] of [
      ['Deployment', 'flux'],
      ['Service', 'flux'],
      ['Secret', 'flux-git-deploy'],
      ['ConfigMap', 'flux-kube-config'],
      ['ServiceAccount', 'flux'],
      ['ClusterRole', 'flux'],
      ['ClusterRoleBinding', 'flux'],
    ] as const)
      expect(find(objects, kind, name), name).toBeDefined();
    expect(find(objects, 'ClusterRole', 'flux')).toMatchObject({
      rules: [
        { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
        { nonResourceURLs: ['*'], verbs: ['*'] },
      ],
    });
  });

  test('starts fluxd without a warning, and with what Flux v1 passed to it', () => {
    const args = argumentsOf(render({ file: V1_VALUES, set: { 'git.url': 'git@example.org:you/config' } }));
    const parsed = start(args);
    if ('exit' in parsed) throw new Error(parsed.stderr);
    expect(parsed.warnings ?? []).toEqual([]);
    expect(args).toEqual([
      '--log-format=fmt',
      '--ssh-keygen-format=RFC4716',
      '--k8s-secret-name=flux-git-deploy',
      '--sync-state=git',
      '--git-url=git@example.org:you/config',
      '--git-branch=master',
      '--git-user=Weave Flux',
      '--git-email=support@weave.works',
      '--git-poll-interval=5m',
      '--git-timeout=20s',
      '--sync-interval=5m',
      '--automation-interval=5m',
      '--registry-rps=200',
      '--registry-burst=125',
    ]);
  });

  test('each of its values is one of ours', () => {
    const known = load(readFileSync(`${CHART}/values.yaml`, 'utf8'));
    const missing = function* (v1: unknown, ours: unknown, path: string): Generator<string> {
      if (typeof v1 !== 'object' || v1 === null || Array.isArray(v1) || path === '.memcached') return;
      for (const [key, value] of Object.entries(v1)) {
        const map = ours as Readonly<Record<string, unknown>>;
        if (!Object.hasOwn(map, key)) yield `${path}.${key}`;
        else yield* missing(value, map[key], `${path}.${key}`);
      }
    };
    expect([...missing(load(readFileSync(V1_VALUES, 'utf8')), known, '')]).toEqual([]);
  });

  test("the name of its image stands for ours, and another one is that one's", () => {
    const image = (set: Readonly<Record<string, unknown>>) => pod(render({ set })).containers[0].image;
    const { version } = load(readFileSync(`${CHART}/Chart.yaml`, 'utf8')) as { readonly version: string };
    for (const repository of ['docker.io/fluxcd/flux', 'fluxcd/flux', 'docker.io/weaveworks/flux', 'fluxcd/flux-prerelease'])
      expect(image({ image: { repository, tag: '1.25.4' } })).toBe(`localhost/fluxd:${version}`);
    expect(image({ image: { repository: 'registry.acme.org/fluxcd/flux', tag: 1.5 } })).toBe('registry.acme.org/fluxcd/flux:1.5');
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(image({ image: { repository: 'r/f', digest } })).toBe(`r/f:${version}@${digest}`);
  });
});

/** A value, and what becomes of it. */
const FLAG_OF: readonly (readonly [set: Readonly<Record<string, unknown>>, ...flags: string[]])[] = [
  [{ logFormat: 'json' }, '--log-format=json'],
  [{ 'git.branch': 'prod' }, '--git-branch=prod'],
  [{ 'git.ref': 'semver:~1.4' }, '--git-ref=semver:~1.4'],
  [{ 'git.path': 'a,b' }, '--git-path=a,b'],
  [{ 'git.path': ['a', 'b'] }, '--git-path=a,b'],
  [{ 'git.user': 'Ann: "the" # bot' }, '--git-user=Ann: "the" # bot'],
  [{ 'git.email': 'a@b' }, '--git-email=a@b'],
  [{ 'git.setAuthor': true }, '--git-set-author=true'],
  [{ 'git.pollInterval': '1m' }, '--git-poll-interval=1m', '--sync-interval=1m'],
  [{ 'git.timeout': '1m' }, '--git-timeout=1m'],
  [{ 'git.ciSkip': true }, '--git-ci-skip=true'],
  [{ 'git.label': 'sync' }, '--git-label=sync'],
  [{ 'git.secretDataKey': 'key' }, '--k8s-secret-data-key=key'],
  [{ 'git.secretName': 'key' }, '--k8s-secret-name=key'],
  [{ 'git.readonly': true }, '--git-readonly=true'],
  [{ 'sync.state': 'secret' }, '--sync-state=secret'],
  [{ 'ssh.keygen.type': 'rsa' }, '--ssh-keygen-type=rsa'],
  [{ 'ssh.keygen.bits': 4096 }, '--ssh-keygen-bits=4096'],
  [{ 'ssh.keygen.format': 'PEM' }, '--ssh-keygen-format=PEM'],
  [
    { 'git.url': 'https://h/r', 'git.token': { secretName: 's', type: 'bearer' } },
    '--git-token-file=/etc/fluxd/git-token/token',
    '--git-token-type=bearer',
  ],
  [
    { 'git.url': 'https://h/r', 'git.githubApp': { id: 1234567, installationId: 12345678, secretName: 's' } },
    '--git-github-app-id=1234567',
    '--git-github-app-installation-id=12345678',
    '--git-github-app-private-key-file=/etc/fluxd/github-app/private-key.pem',
  ],
  [
    {
      'git.url': 'https://h/r',
      'git.pushBranch': 'updates',
      'git.pushBranchReleases': true,
      'git.pullRequests': {
        host: 'gitea',
        apiUrl: 'https://h/api/v1',
        secretName: 's',
        per: 'workload',
        labels: ['a', 'b'],
        reviewers: ['ann'],
        autoMerge: true,
        templateConfigMapName: 'c',
      },
    },
    '--git-push-branch=updates',
    '--git-push-branch-releases=true',
    '--pull-request=gitea',
    '--pull-request-api-url=https://h/api/v1',
    '--pull-request-token-file=/etc/fluxd/pull-request-token/token',
    '--pull-request-per=workload',
    '--pull-request-labels=a,b',
    '--pull-request-reviewers=ann',
    '--pull-request-auto-merge=true',
    '--pull-request-template=/etc/fluxd/pull-request-template/template.md',
  ],
  [
    { 'git.url': 'https://h/r', 'git.tls': { secretName: 's', caConfigMapName: 'c' } },
    '--git-ca-file=/etc/fluxd/git-ca/ca.crt',
    '--git-tls-cert-file=/etc/fluxd/git-tls/tls.crt',
    '--git-tls-key-file=/etc/fluxd/git-tls/tls.key',
  ],
  [
    { 'registry.verify': { policies: ['ghcr.io/acme/*=cosign:acme'], keysSecretName: 'k', trustRootConfigMapName: 't' } },
    '--registry-verify=ghcr.io/acme/*=cosign:acme',
    '--registry-verify-keys=/etc/fluxd/image-keys',
    '--registry-verify-trust-root=/etc/fluxd/trust-root/trusted_root.json',
  ],
  [
    { manifestGeneration: true, generation: { env: ['CLUSTER', 'REGION'] } },
    '--manifest-generation=true',
    '--generation-env=CLUSTER,REGION',
  ],
  [
    { manifestGeneration: true, 'generation.network.paths': ['a', 'b/c'] },
    '--manifest-generation=true',
    '--generation-network=a,b/c',
    '--generation-network-address=flux-generation-network.flux.svc:3032',
  ],
  [{ 'sync.timeout': '2m' }, '--sync-timeout=2m'],
  [{ 'sync.interval': '2m' }, '--sync-interval=2m'],
  [{ 'sync.changeCause': true }, '--sync-change-cause=true'],
  [{ kustomize: 'auto' }, '--kustomize=auto'],
  [{ 'git.secret.enabled': true }, '--git-secret=true'],
  [
    { substitution: { from: ['configmap/settings', 'secret/passwords'], optional: true } },
    '--substitute-from=configmap/settings,secret/passwords',
    '--substitute-optional=true',
  ],
  [
    {
      sops: {
        enabled: true,
        ageKeySecret: { name: 's', key: 'k' },
        allowKeyServices: ['aws-kms', 'vault=https://v.example.org'],
      },
    },
    '--sops=true',
    '--sops-age-key-file=/etc/fluxd/sops/age/k',
    '--sops-allow-key-service=aws-kms,vault=https://v.example.org',
  ],
  [{ 'syncGarbageCollection.enabled': true }, '--sync-garbage-collection=true'],
  [{ syncGarbageCollection: { enabled: true, dry: true } }, '--sync-garbage-collection-dry=true'],
  [{ syncGarbageCollection: { enabled: true, limit: 5 } }, '--sync-garbage-collection=true', '--sync-garbage-collection-limit=5'],
  [{ 'registry.automationInterval': '1m' }, '--automation-interval=1m'],
  [{ 'registry.pollInterval': '1m' }, '--automation-interval=1m'],
  [{ 'registry.rps': 7, 'registry.burst': 3 }, '--registry-rps=7', '--registry-burst=3'],
  [{ 'registry.trace': true }, '--registry-trace=true'],
  [{ 'registry.insecureHosts': 'a,b' }, '--registry-insecure-host=a,b'],
  [{ 'registry.disableScanning': true }, '--registry-disable-scanning=true'],
  [{ 'registry.excludeImage': 'a/*,b' }, '--registry-exclude-image=a/*,b'],
  [{ 'registry.includeImage': ['a/*'] }, '--registry-include-image=a/*'],
  [{ 'registry.useTimestampLabels': 'a/*' }, '--registry-use-labels=a/*'],
  [
    {
      'registry.ecr': { region: ['eu-west-1', 'us-east-1'], includeId: '123456789012', excludeId: '999999999999', require: true },
    },
    '--registry-ecr-region=eu-west-1,us-east-1',
    '--registry-ecr-include-id=123456789012',
    '--registry-ecr-exclude-id=999999999999',
    '--registry-require=ecr',
  ],
  [{ 'registry.dockercfg': { enabled: true, secretName: 's' } }, '--docker-config=/dockercfg/config.json'],
  [{ 'registry.cache.store': 'disk' }, '--registry-cache=disk'],
  [{ 'registry.cache.secretName': 's' }, '--registry-cache-key-file=/etc/fluxd/registry-cache/key'],
  [{ defaultNamespace: 'shop' }, '--k8s-default-namespace=shop'],
  [{ clusterRole: { create: false }, allowedNamespaces: ['shop', 'flux'] }, '--k8s-allow-namespace=shop,flux'],
  [{ 'tls.secretName': 's' }, '--tls-cert-file=/etc/fluxd/tls/tls.crt', '--tls-private-key-file=/etc/fluxd/tls/tls.key'],
  [
    {
      'tls.secretName': 's',
      uiOidc: { issuer: 'https://h', clientId: 'c', clientSecretName: 's', usernamePrefix: 'u:', groupsPrefix: 'g:' },
    },
    '--ui-oidc-issuer=https://h',
    '--ui-oidc-client-id=c',
    '--ui-oidc-client-secret-file=/etc/fluxd/ui-oidc/client-secret',
    '--ui-oidc-username-prefix=u:',
    '--ui-oidc-groups-prefix=g:',
  ],
  [{ 'webhook.enabled': true }, '--webhook-listen=:8080', '--webhook-config=/etc/fluxrecv/fluxrecv.yaml'],
  [{ additionalArgs: ['--git-ci-skip-message=[skip: x]'] }, '--git-ci-skip-message=[skip: x]'],
];

test.each(FLAG_OF.map(([set, ...flags]) => [set, flags] as const))('%j becomes %s', (set, flags) => {
  const args = argumentsOf(render({ set }));
  expect(args).toEqual(expect.arrayContaining(flags));
  // Each once, and fluxd takes them.
  const names = args.map((argument) => argument.split('=', 1)[0]);
  expect(new Set(names).size).toBe(names.length);
  const parsed = start(args.filter((argument) => !argument.startsWith('--docker-config')));
  if ('exit' in parsed) throw new Error(parsed.stderr);
});

describe('what is refused, and the hint', () => {
  test.each<[Readonly<Record<string, unknown>>, string]>([
    [{ token: 'abc' }, 'the service that this token was for is no more'],
    [{ 'git.gitPath': 'a' }, 'renamed: git.path'],
    [{ 'helmOperator.create': true }, 'removed: the Helm operator is a chart of its own'],
    [{ 'git.urll': 'a' }, "at '/git/urll': value must be 'no such value; there are allowedSigners, branch, "],
    [{ gitt: 1 }, "at '/gitt': value must be 'no such value; there are additionalArgs, "],
    [{ replicaCount: 'two' }, "at '/replicaCount': got string, want null or number"],
    [{ 'rbac.profile': 'admin' }, "value must be one of '', 'cluster', 'namespaced', 'readonly', <nil>"],
    [{ 'image.digest': 'latest' }, "at '/image/digest': 'latest' does not match pattern"],
  ])('%j', (set, hint) => {
    expect(refusal(set)).toContain(hint);
  });

  test('nothing that fluxd has is refused, and everything that it has not', () => {
    const readme = readFileSync(`${CHART}/README.md`, 'utf8');
    for (const [, flag = '', rest = ''] of readme.matchAll(/`--([a-z0-9-]+)`(.*)\|$/gm))
      expect([flag, rest.includes('Refused:')]).toEqual([flag, FLAGS[flag as FlagName].status === 'unbuilt']);
  });
});

describe('several daemons', () => {
  const one = render();
  const two = render({ set: { replicaCount: 2 } });
  test('have a budget of disruptions, roll, and spread over nodes', () => {
    expect(find(two, 'PodDisruptionBudget', 'flux')).toMatchObject({ spec: { maxUnavailable: 1 } });
    expect(deploymentOf(two).spec.strategy.type).toBe('RollingUpdate');
    expect(pod(two).topologySpreadConstraints).toHaveLength(1);
  });
  test('one has none of that, as in Flux v1', () => {
    expect(find(one, 'PodDisruptionBudget', 'flux')).toBeUndefined();
    expect(deploymentOf(one).spec.strategy).toEqual({ type: 'Recreate' });
    expect(pod(one).topologySpreadConstraints).toBeUndefined();
  });
});

test('the pod is probed where docs/metrics.md says', () => {
  const [container] = pod(render()).containers;
  expect(container.livenessProbe.httpGet.path).toBe('/healthz');
  expect(container.startupProbe.httpGet.path).toBe('/healthz');
  expect(container.readinessProbe.httpGet.path).toBe('/readyz');
});

test('what is given for the pod stands in it', () => {
  const objects = render({
    set: {
      'ssh.known_hosts': 'h ssh-ed25519 AAAA\n',
      'ssh.config': 'Host h\n  Port 22\n',
      'git.secretName': 'key',
      'git.config': { enabled: true, data: '[user]\n' },
      'kube.externalConfig': true,
      initContainers: { first: { image: 'i:1' } },
      extraContainers: [{ name: 'recv', image: 'r:1', ports: [{ containerPort: 8081 }] }],
      nodeSelector: { disk: 'ssd' },
      'image.pullSecret': 'pull',
      'env.secretName': 'auth',
    },
  });
  const spec = pod(objects);
  expect(spec.volumes.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['sshdir', 'git-config', 'git-key']),
  );
  expect(spec.initContainers).toEqual([{ name: 'first', image: 'i:1' }]);
  expect(spec.containers.map(({ name }: { name: string }) => name)).toEqual(['flux', 'recv']);
  expect(spec.nodeSelector).toEqual({ disk: 'ssd', 'kubernetes.io/os': 'linux' });
  expect(spec.imagePullSecrets).toEqual([{ name: 'pull' }]);
  expect(spec.containers[0].envFrom).toEqual([{ secretRef: { name: 'auth' } }]);
  expect(spec.containers[0].env[0].value).toBe('/root/.kubectl/config');
  expect(find(objects, 'Secret', 'flux-git-deploy')).toBeUndefined();
  expect(find(objects, 'ConfigMap', 'flux-ssh-config')).toMatchObject({
    data: { known_hosts: 'h ssh-ed25519 AAAA\n', config: 'Host h\n  Port 22\n' },
  });
  // A sidecar of Flux v1, such as its receiver of webhooks, can still be reached.
  expect(JSON.stringify(find(objects, 'NetworkPolicy', 'flux'))).toContain('"port":8081');
});

test('port 3030 admits the namespace of the release and Prometheus, others by networkPolicy.from', () => {
  const admitted = (set: Readonly<Record<string, unknown>>) => {
    const [ingress] = find(render({ set }), 'NetworkPolicy', 'flux')?.spec.ingress ?? [];
    return ingress;
  };
  const ports = [{ port: 3030, protocol: 'TCP' }];
  const prometheus = {
    namespaceSelector: {},
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } },
  };
  expect(admitted({})).toEqual({ ports, from: [{ podSelector: {} }, prometheus] });
  expect(admitted({ 'networkPolicy.from': [prometheus] })).toEqual({ ports, from: [prometheus] });
  expect(admitted({ 'networkPolicy.from': [] })).toEqual({ ports });
});

test.each([
  [undefined, []],
  ['aws', ['169.254.169.254/32 80']],
  ['aws-pod-identity', ['169.254.170.23/32 80', 'fd00:ec2::23/128 80']],
  ['azure', ['169.254.169.254/32 80']],
  ['google', ['169.254.169.254/32 80', '169.254.169.252/32 988']],
])('of the metadata services, registry.metadata=%s opens %j', (metadata, opened) => {
  const set = metadata === undefined ? {} : { 'registry.metadata': metadata };
  const rules: readonly EgressRule[] = find(render({ set }), 'NetworkPolicy', 'flux')?.spec.egress ?? [];
  const only = rules.filter(({ to }) => to?.every(({ ipBlock }) => ipBlock.except === undefined));
  expect(only.map(({ to, ports }) => `${to?.[0]?.ipBlock.cidr} ${ports?.map(({ port }) => port)}`)).toEqual(opened);
});

test('the secret of the client of a provider is mounted where its flag says', () => {
  const uiOidc = { issuer: 'https://h', clientId: 'c', clientSecretName: 's', clientSecretKey: 'k' };
  const spec = pod(render({ set: { uiOidc } }));
  const items = [{ key: 'k', path: 'client-secret' }];
  expect(spec.volumes).toContainEqual({ name: 'ui-oidc', secret: { secretName: 's', items, defaultMode: 0o400 } });
  expect(spec.containers[0].volumeMounts).toContainEqual({ name: 'ui-oidc', mountPath: '/etc/fluxd/ui-oidc', readOnly: true });
  expect(JSON.stringify(pod(render({ set: { uiOidc: { ...uiOidc, issuer: '' } } })))).not.toContain('oidc');
});

test('the keys of age are mounted where their flag says, with --sops alone', () => {
  const spec = pod(render({ set: { 'sops.enabled': true, 'sops.ageKeySecret.name': 's' } }));
  expect(spec.volumes).toContainEqual({ name: 'sops-age', secret: { secretName: 's', defaultMode: 0o400 } });
  const mount = { name: 'sops-age', mountPath: '/etc/fluxd/sops/age', readOnly: true };
  expect(spec.containers[0].volumeMounts).toContainEqual(mount);
  expect(JSON.stringify(render({ set: { 'sops.ageKeySecret.name': 's' } }))).not.toContain('sops');
});

test('the key of a shared cache is mounted where its flag says', () => {
  const spec = pod(render({ set: { 'registry.cache': { store: 'rediss://redis:6380', secretName: 's' } } }));
  expect(spec.volumes).toContainEqual({ name: 'registry-cache-key', secret: { secretName: 's', defaultMode: 0o400 } });
  const mount = { name: 'registry-cache-key', mountPath: '/etc/fluxd/registry-cache', readOnly: true };
  expect(spec.containers[0].volumeMounts).toContainEqual(mount);
});

test.each([
  [{}, { emptyDir: { sizeLimit: '1Gi' } }],
  [{ claimName: 'images' }, { persistentVolumeClaim: { claimName: 'images' } }],
])('registry.cache %j mounts a directory where fluxd keeps its file', (cache, source) => {
  const spec = pod(render({ set: { 'registry.cache': { store: 'disk', ...cache } } }));
  const name = 'registry-cache';
  expect(spec.volumes).toContainEqual({ name, ...source });
  expect(spec.containers[0].volumeMounts).toContainEqual({ name, mountPath: FLAGS['registry-cache-dir'].default });
});

test.each([
  [{ secretName: 'azure' }, { secret: { secretName: 'azure', defaultMode: 0o400 } }, '/etc/kubernetes/'],
  [{}, { hostPath: { path: '/etc/kubernetes/azure.json', type: '' } }, '/etc/kubernetes/azure.json'],
])('registry.acr %j mounts azure.json where fluxd reads it', (acr, source, mountPath) => {
  const spec = pod(render({ set: { 'registry.acr': { enabled: true, ...acr } } }));
  const name = 'acr-credentials';
  expect(spec.volumes).toContainEqual({ name, ...source });
  expect(spec.containers[0].volumeMounts).toContainEqual({ name, mountPath, readOnly: true });
});

test('the heap of fluxd knows the limit of memory, and there is none where it is taken away', () => {
  const [limited, unlimited] = [{}, { 'resources.limits': null }].map((set) => pod(render({ set })).containers[0]);
  expect(limited.resources.limits).toEqual({ memory: '1Gi' });
  expect(limited.env).toContainEqual({ name: 'NODE_OPTIONS', value: '--max-old-space-size-percentage=60' });
  expect(unlimited.resources.limits).toBeUndefined();
  expect(JSON.stringify(unlimited.env)).not.toContain('NODE_OPTIONS');
});

test('what Flux v1 found in the home of root is mounted where user 10001 finds it', () => {
  const paths = [
    '/root/.ssh',
    '/root/.docker/config.json',
    '/root/.kubectl',
    '/root/.kubectl/',
    '/root/.kubectl-more',
    '/root/work',
    '/srv',
  ];
  const extraVolumeMounts = paths.map((mountPath, index) => ({ name: `v${index}`, mountPath, subPath: 'x', readOnly: true }));
  const mounts = pod(render({ set: { extraVolumeMounts } })).containers[0].volumeMounts as readonly Mount[];
  const found = mounts
    .filter(({ name }) => name.startsWith('v'))
    .map(({ mountPath, ...rest }) => {
      expect(rest).toEqual({ name: expect.any(String), subPath: 'x', readOnly: true });
      return mountPath;
    });
  expect(found).toEqual([
    '/home/flux/.ssh',
    '/home/flux/.docker/config.json',
    '/root/.kubectl',
    '/root/.kubectl',
    '/home/flux/.kubectl-more',
    '/root/work',
    '/srv',
  ]);
});

test('manifests/, and what fluxctl install prints, are what Helm makes of the chart', () => {
  const tool = `${CHART}/../../tools/chart/generate-manifests.mjs`;
  expect(execFileSync(process.execPath, [tool, '--check'], { encoding: 'utf8' })).toBe('');
});

import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import { clockFinding } from '../../src/cli/doctor/clock.ts';
import { checkPod, checkRights, checkServer } from '../../src/cli/doctor/cluster-checks.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { checkLeftovers } from '../../src/cli/doctor/leftovers.ts';
import type { ClusterView, LiveObject } from '../../src/cluster/port-forward/index.ts';
import { GoFluxd } from '../conformance/go-fluxd.ts';
import { fluxctl, type Script, ScriptedDaemon, SERVED_AT } from './daemon.ts';
import { apiServer, CLUSTER, doctor, kubeconfigFor, pod, podList, READY } from './doctor-world.ts';

const clusterOf = (parts: Partial<ClusterView>): ClusterView => ({
  context: 'prod',
  server: 'https://k8s.example.org',
  get: async () => undefined,
  metadata: async () => [],
  version: async () => ({ version: 'v1.34.4' }),
  may: async () => true,
  close: () => undefined,
  ...parts,
});
const levels = (findings: readonly Finding[]) => findings.map(({ check, level }) => `${check} ${level}`);
describe('the cluster', () => {
  test.each([
    ['v1.34.4', 'cluster ok'],
    ['v1.22.0+k3s1', 'cluster ok'],
    ['v1.21.14', 'cluster fail'],
    ['', 'cluster fail'],
  ])('version %j: %s', async (version, level) => {
    expect(levels(await checkServer(clusterOf({ version: async () => ({ version }) }), () => 0))).toEqual([level]);
  });

  test.each([
    [0, 'ok'],
    [9_000, 'ok'],
    [-9_000, 'ok'],
    [10_000, 'warn'],
    [-10_000, 'warn'],
    [300_000, 'fail'],
    [-300_000, 'fail'],
  ])('a clock that is %i ms off: %s', (off, level) => {
    const finding = clockFinding('the daemon', 1_000_000 + off, 1_000_000);
    expect(finding.level).toBe(level);
    if (level !== 'ok') expect(finding.message).toContain(`${Math.abs(off) / 1000} s ${off > 0 ? 'ahead of' : 'behind'}`);
  });

  test.each<[string, object[], string]>([
    ['that is ready', [pod()], 'pod ok'],
    ['that cannot pull its image', [pod({ phase: 'Pending', waiting: 'ImagePullBackOff' })], 'pod fail'],
    ['that waits for a node', [pod({ phase: 'Pending' })], 'pod fail'],
    ['that is not ready', [pod({ ready: false })], 'pod warn'],
    ['that is restarted again and again', [pod({ restarts: 7 })], 'pod warn'],
    ['that was killed for its memory', [pod({ restarts: 1, killed: 'OOMKilled' })], 'pod fail'],
    ['that ended before', [pod({ restarts: 1, killed: 'Completed' })], 'pod ok'],
    ['beside another one', [pod(), pod({ name: 'flux-2' })], 'pod warn'],
    ['that is not there', [], 'pod fail'],
  ])('a pod %s', async (_case, items, level) => {
    const cluster = clusterOf({ get: async () => ({ items }) });
    const { findings } = await checkPod(cluster, { namespace: 'flux', labelSelectors: ['app=flux'] });
    expect(levels(findings)).toEqual([level]);
  });

  test('a pod is looked for by each selector in its namespace', async () => {
    const asked: string[] = [];
    const get: ClusterView['get'] = async (path, query = {}) => {
      asked.push(`${path} ${query.labelSelector}`);
      return { items: query.labelSelector === 'b' ? [pod()] : [] };
    };
    const looked = await checkPod(clusterOf({ get }), { namespace: 'flux', labelSelectors: ['a', 'b', 'c'] });
    expect(looked.pod).toEqual({ name: 'flux-1', namespace: 'flux', serviceAccount: 'flux' });
    expect(asked).toEqual(['/api/v1/namespaces/flux/pods a', '/api/v1/namespaces/flux/pods b']);
  });

  const account = { name: 'flux-1', namespace: 'flux', serviceAccount: 'flux' };
  test.each<[string, ClusterView['may'], string, string]>([
    ['everything', async () => true, 'rights ok', 'full access'],
    ['the usual', async (_user, { verb }) => verb !== '*', 'rights ok', 'common kinds'],
    [
      'all but deletes',
      async (_user, { verb }) => verb !== '*' && verb !== 'delete',
      'rights warn',
      'delete namespaces, delete configmaps, delete services, delete deployments',
    ],
    [
      'nothing',
      async () => false,
      'rights warn',
      'get namespaces, list namespaces, watch namespaces, create namespaces and 20 more',
    ],
  ])('a service account that may do %s', async (_case, may, level, message) => {
    const asked = new Set<string>();
    const cluster = clusterOf({
      async may(user, attributes) {
        asked.add(user);
        return may(user, attributes);
      },
    });
    const findings = await checkRights(cluster, account);
    expect(levels(findings)).toEqual([level]);
    expect(findings[0]?.message).toContain(message);
    expect([...asked]).toEqual(['system:serviceaccount:flux:flux']);
  });
});

describe('what Flux v1 left', () => {
  const V1 = 'docker.io/fluxcd/flux:1.25.4';
  const deployment = (name: string, image: string, { replicas = 1, args = [] as readonly string[] } = {}) => ({
    metadata: { name, namespace: 'flux' },
    spec: { replicas, template: { spec: { containers: [{ image, args }] } } },
  });
  type Metadata = ClusterView['metadata'];
  const clusterWith = (
    deployments: readonly object[],
    { metadata = (async () => []) as Metadata, definitions = [] as readonly string[] } = {},
  ) =>
    clusterOf({
      async get(path) {
        if (path === '/apis/apps/v1/deployments') return { items: deployments };
        return definitions.some((name) => path.endsWith(`/${name}`)) ? {} : undefined;
      },
      metadata,
    });
  /** Some objects of one kind, with one label. */
  const having =
    (kind: string, label: string | undefined, objects: readonly LiveObject[]): Metadata =>
    async (asked, { labelSelector }) =>
      asked.kind === kind && labelSelector === label ? objects : [];
  const byKubectl = (name: string): LiveObject => ({
    name,
    namespace: 'shop',
    managedFields: [{ manager: 'kubectl-client-side-apply', operation: 'Update', fieldsV1: marks }],
  });
  const marks = {
    'f:metadata': {
      'f:labels': { 'f:fluxcd.io/sync-gc-mark': {} },
      'f:annotations': { 'f:fluxcd.io/sync-checksum': {} },
    },
  };
  const byFlux = (name: string): LiveObject => ({
    name,
    namespace: 'shop',
    managedFields: [{ manager: 'flux', operation: 'Apply', fieldsV1: marks }],
  });
  const bothAgain = {
    ...byFlux('both'),
    managedFields: [...(byFlux('').managedFields ?? []), ...(byKubectl('').managedFields ?? [])],
  };
  const OURS = { url: 'ssh://git@example.org/acme/conf', branch: 'main', path: 'apps,base' };
  const SAME = ['--git-url=git@example.org:acme/conf.git', '--git-branch=main', '--git-path=apps,base'];
  const secret =
    (annotations = {}): Metadata =>
    async (kind, { namespace, fieldSelector }) =>
      kind.kind === 'Secret' && namespace === 'flux' && fieldSelector === 'metadata.name=flux-git-deploy'
        ? [{ name: 'flux-git-deploy', namespace: 'flux', annotations }]
        : [];

  test.each<[string, ClusterView, readonly (readonly [Finding['level'], string, string?])[]]>([
    ['nothing', clusterWith([deployment('flux', 'localhost/fluxd:1')]), [['ok', 'no leftovers of Flux v1']]],
    [
      'a daemon for the same repository',
      clusterWith([deployment('flux', V1, { args: SAME })]),
      [
        [
          'fail',
          `Flux v1 runs beside this fluxd: flux:deployment/flux (${V1})`,
          'kubectl -n flux scale deployment flux --replicas=0',
        ],
      ],
    ],
    [
      'a daemon that does not say for which',
      clusterWith([deployment('flux', V1)]),
      [['fail', 'Flux v1 runs beside this fluxd', 'the tag flux-sync']],
    ],
    [
      'a daemon for another branch',
      clusterWith([deployment('flux', V1, { args: ['--git-url', 'git@example.org:acme/conf', '--git-branch=dev'] })]),
      [['warn', 'Flux v1 runs for another repository, branch or path', 'no object is in both']],
    ],
    [
      'a daemon that is switched off',
      clusterWith([deployment('flux', V1, { replicas: 0, args: SAME })]),
      [['warn', 'Flux v1 is switched off', 'kubectl -n flux delete deployment flux']],
    ],
    [
      'arguments',
      clusterWith([
        deployment('flux', V1, {
          args: [...SAME, '--connect=a', '--token=s3cret', '--memcached-hostname=m', '--memcached-port=1'],
        }),
      ]),
      [
        ['fail', 'Flux v1 runs beside this fluxd'],
        ['warn', 'would stop fluxd: --connect is not supported yet', 'docs/migrate-from-flux-v1.md'],
        ['warn', 'would stop fluxd: --token is not supported yet'],
        [
          'ok',
          'accepts and ignores: --memcached-hostname, --memcached-port (image metadata is cached in memory, unless --registry-cache=memcached)',
        ],
      ],
    ],
    [
      'a deploy key',
      clusterWith([deployment('flux', V1, { replicas: 0 })], { metadata: secret() }),
      [
        ['warn', 'Flux v1 is switched off'],
        ['ok', 'the deploy key in flux:secret/flux-git-deploy can be used unchanged'],
      ],
    ],
    [
      'a revision kept in the Secret',
      clusterWith([deployment('flux', V1, { replicas: 0 })], { metadata: secret({ 'flux.weave.works/sync-hwm': '4be1f0c2aa' }) }),
      [
        ['warn', 'Flux v1 is switched off'],
        ['ok', 'the deploy key'],
        ['warn', 'records 4be1f0c as the last revision synced by Flux v1 (--sync-state=secret)', '--sync-state=git'],
      ],
    ],
    [
      'memcached',
      clusterWith([deployment('memcached', 'memcached:1.6')]),
      [['warn', 'memcached of Flux v1 runs', 'kubectl -n flux delete deployment,service memcached']],
    ],
    [
      'memcached that is switched off',
      clusterWith([deployment('memcached', 'memcached:1.6', { replicas: 0 })]),
      [['ok', 'no leftovers']],
    ],
    [
      'the Helm operator and its releases',
      clusterWith([deployment('helm-operator', 'fluxcd/helm-operator:1.4.0')], {
        metadata: having('HelmRelease', undefined, [{ name: 'wiki', namespace: 'shop' }]),
      }),
      [
        ['warn', 'the Helm operator runs: flux:deployment/helm-operator', 'keep the operator'],
        ['ok', '1 HelmRelease of helm.fluxcd.io'],
      ],
    ],
    [
      'HelmReleases alone',
      clusterWith([], { metadata: having('HelmRelease', undefined, [{ name: 'wiki', namespace: 'shop' }]) }),
      [
        [
          'warn',
          '1 HelmRelease of helm.fluxcd.io, such as shop:helmrelease/wiki, but no running Helm operator',
          'does not install charts',
        ],
      ],
    ],
    [
      'a definition',
      clusterWith([], { definitions: ['helmreleases.flux.weave.works'] }),
      [['warn', 'definition helmreleases.flux.weave.works exists', 'kubectl delete crd helmreleases.flux.weave.works']],
    ],
    [
      'an old mark',
      clusterWith([], { metadata: having('Deployment', 'flux.weave.works/sync-gc-mark', [byKubectl('cart')]) }),
      [['warn', 'shop:deployment/cart carries the label flux.weave.works/sync-gc-mark', 'flux.weave.works/sync-gc-mark-']],
    ],
    [
      'marked objects that we took over',
      clusterWith([], { metadata: having('ConfigMap', 'fluxcd.io/sync-gc-mark', [byFlux('a')]) }),
      [['ok', 'no leftovers of Flux v1']],
    ],
    [
      'marked objects that we did not, or that it has applied again',
      clusterWith([], { metadata: having('ConfigMap', 'fluxcd.io/sync-gc-mark', [byFlux('a'), byKubectl('b'), bothAgain]) }),
      [
        [
          'warn',
          '2 objects, such as shop:configmap/b, carry the mark and the checksum of Flux v1',
          'fluxd never deletes the others',
        ],
      ],
    ],
    [
      'what may not be looked at',
      clusterWith([deployment('flux', V1, { replicas: 0 })], {
        metadata: async ({ plural }) => {
          if (plural !== 'secrets') return [];
          throw new FluxError('secrets is forbidden', { code: 'cluster/forbidden' });
        },
      }),
      [
        ['warn', 'Flux v1 is switched off'],
        ['warn', 'secrets is forbidden', 'ask a cluster administrator'],
        ['warn', 'not searched for marks of Flux v1: secrets', 'ask a cluster administrator'],
      ],
    ],
  ])('%s', async (_case, cluster, expected) => {
    const findings = await checkLeftovers(cluster, { isFlux1: false, source: OURS });
    expect(findings).toEqual(
      expected.map(([level, message, help]) => ({
        check: 'leftovers',
        level,
        message: expect.stringContaining(message),
        ...(level === 'ok' ? {} : { help: expect.stringContaining(help ?? '') }),
      })),
    );
    expect(JSON.stringify(findings)).not.toContain('s3cret');
  });

  test('is what an upgrade will meet, where a Flux v1 is in use', async () => {
    const cluster = clusterWith(
      [deployment('flux', V1, { args: [...SAME, '--connect=a'] }), deployment('memcached', 'memcached:1.6')],
      {
        metadata: having('ConfigMap', 'fluxcd.io/sync-gc-mark', [byKubectl('a')]),
      },
    );
    const findings = await checkLeftovers(cluster, { isFlux1: true, source: OURS });
    expect(findings.map(({ level, message }) => `${level} ${message}`)).toEqual([
      `ok Flux v1 runs: flux:deployment/flux (${V1}); to replace it with this fluxd, see docs/migrate-from-flux-v1.md`,
      'warn the arguments of flux:deployment/flux would stop fluxd: --connect is not supported yet; remove it, or set it to ""',
      'ok memcached of Flux v1 runs: flux:deployment/memcached; fluxd does not need it',
      'ok shop:configmap/a carries the mark and the checksum of Flux v1; fluxd takes over those in Git without restarting them',
    ]);
  });
});

const reported = async (script: Script) => {
  const { code, stdout } = await doctor(script, ['-o', 'json']);
  const findings = JSON.parse(stdout) as readonly Finding[];
  return { code, bad: findings.filter(({ level }) => level !== 'ok') };
};

describe('doctor', () => {
  test('all is well', async () => {
    const { code, stdout, stderr } = await doctor({});
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.replace(/127\.0\.0\.1:\d+/, 'HOST')).toBe(
      [
        'ok    cluster     Kubernetes v1.34.4 at http://HOST, context "prod"',
        'ok    clock       the clocks of the API server and this machine agree',
        'ok    daemon      fluxd 9.9.1 answers',
        'ok    clock       the clocks of the daemon and this machine agree',
        'ok    git         ssh://git@example.org/acme/conf, branch master, is readable and writable',
        'ok    git         the tag flux-sync at 4be1f0c was set by fluxd at 2026-11-26T09:04:44Z',
        'ok    git         job notes in refs/notes/flux: 2 of fluxd',
        'ok    sync        all objects of revision 4be1f0c, synced at 2026-11-26T09:04:44Z are applied',
        'ok    registries  image metadata for 1 of 1 container',
        'ok    leftovers   no leftovers of Flux v1',
        '0 failed, 0 to look at, 10 ok',
        '',
      ].join('\n'),
    );
  });

  test.each<[string, Script, string, string, number]>([
    ['a daemon of another version', { 'GET /flux/v11/version': ['8.0.0'] }, 'daemon', 'warn', 0],
    ['a daemon that is not ready', { 'GET /readyz': [{ status: 503, body: 'not ready: no repository\n' }] }, 'daemon', 'fail', 1],
    ['a Flux v1', { 'GET /readyz': [{ status: 404, body: '404 page not found\n' }] }, 'daemon', 'warn', 0],
    ['a daemon that refuses', { 'GET /flux/v11/ping': [{ status: 401, body: '' }] }, 'daemon', 'fail', 1],
    ['no repository', { 'POST /flux/v9/git-repo-config': [GoFluxd.gitConfig({ status: 'unconfigured' })] }, 'git', 'fail', 1],
    [
      'a repository that cannot be written',
      { 'POST /flux/v9/git-repo-config': [GoFluxd.gitConfig({ status: 'cloned', errors: 'denied' })] },
      'git',
      'fail',
      1,
    ],
    ['held deletions', { 'GET /v1/gc': [{ deletions: [{ id: 'a:configmap/b', reason: 'many' }] }] }, 'gc', 'warn', 0],
    [
      'a repository that is not synced',
      { 'GET /v1/objects': [{ objects: [], failure: { code: 'x', message: 'no branch' } }] },
      'sync',
      'fail',
      1,
    ],
    ['a daemon that has just begun', { 'GET /v1/objects': [{ objects: [] }] }, 'sync', 'warn', 0],
    [
      'a registry that refuses',
      {
        'GET /flux/v10/images': [
          [{ ID: 'a:deployment/b', Containers: [{ Name: 'c', Current: { ID: 'i:1' }, AvailableError: 'unauthorized' }] }],
        ],
      },
      'registries',
      'warn',
      0,
    ],
    [
      'images that nothing is known of',
      { 'GET /flux/v10/images': [[{ ID: 'a:deployment/b', Containers: [{ Name: 'c', Current: { ID: 'i:1' } }] }]] },
      'registries',
      'warn',
      0,
    ],
  ])('%s', async (_case, script, check, level, exit) => {
    const { code, bad } = await reported(script);
    expect(levels(bad)).toEqual([`${check} ${level}`]);
    expect(bad[0]?.help).toMatch(/\w/);
    expect(code).toBe(exit);
  });

  test('objects that are not as Git wants them are told, each state once', async () => {
    const since = '2026-11-26T09:04:44.780Z';
    const failed = ['a', 'b'].map((name) => ({
      id: `x:configmap/${name}`,
      state: 'failed',
      since,
      error: { code: 'c', message: 'denied' },
    }));
    const refused = { state: 'refused', since, place: { file: 'bad.yaml', line: 9 }, error: { code: 'c', message: 'not YAML' } };
    const { code, bad } = await reported({ 'GET /v1/objects': [{ revision: '4be1f0c2', objects: [...failed, refused] }] });
    expect(code).toBe(0);
    expect(bad.map(({ message }) => message)).toEqual([
      '2 failed at revision 4be1f0c, such as x:configmap/a: denied',
      '1 refused at revision 4be1f0c: bad.yaml:9: not YAML',
    ]);
  });

  const V1_TAG = { name: 'flux-sync', revision: '4be1f0c2', by: 'flux-v1', setAt: '2026-11-26T09:04:44Z', afterRecords: false };
  const NO_NOTES = { ref: 'refs/notes/flux', fluxd: 0, fluxV1: 0 };
  const { setAt: _, ...BY_HAND } = { ...V1_TAG, by: 'other' };
  test.each<[string, object, readonly [string, string][]]>([
    ['no tag and no notes', { jobNotes: NO_NOTES }, []],
    [
      'what Flux v1 left',
      { syncTag: V1_TAG, jobNotes: { ...NO_NOTES, fluxV1: 12 } },
      [
        ['ok', 'the tag flux-sync at 4be1f0c was set by Flux v1 at 2026-11-26T09:04:44Z; fluxd continues from there'],
        ['ok', 'job notes in refs/notes/flux: 12 of Flux v1, which fluxd reads as well'],
      ],
    ],
    [
      'a Flux v1 that writes on',
      { syncTag: { ...V1_TAG, afterRecords: true }, jobNotes: { ...NO_NOTES, fluxd: 1, fluxV1: 12 } },
      [
        [
          'warn',
          'the tag flux-sync at 4be1f0c was set by Flux v1 at 2026-11-26T09:04:44Z, after fluxd had synced this repository',
        ],
        ['ok', 'job notes in refs/notes/flux: 1 of fluxd, 12 of Flux v1, which fluxd reads as well'],
      ],
    ],
    [
      'a tag set by hand',
      { syncTag: BY_HAND, jobNotes: NO_NOTES },
      [['warn', 'the tag flux-sync at 4be1f0c was set neither by fluxd nor by Flux v1']],
    ],
  ])('who set the tag and wrote the notes: %s', async (_case, writers, expected) => {
    const { code, stdout } = await doctor({ 'GET /v1/writers': [writers] }, ['-o', 'json']);
    const findings = (JSON.parse(stdout) as readonly Finding[]).filter(({ message }) => /^(the tag|job notes) /.test(message));
    expect(findings.map(({ level, message }) => [level, message])).toEqual(expected);
    expect(findings.every(({ check, level, help }) => check === 'git' && (level === 'ok') === (help === undefined))).toBe(true);
    expect(code).toBe(0);
  });

  test.each([
    ['ssh://git@example.org/conf', 'new', 'deploy key'],
    ['git@example.org:conf', 'unreachable', 'deploy key'],
    ['https://example.org/conf', 'new', 'Check the URL'],
    ['https://example.org/conf', 'cloned', 'write access'],
    ['git@example.org:conf', 'cloned', 'write access'],
    ['', 'unconfigured', '--git-url'],
  ])('what to do about %s that is %s', async (url, status, help) => {
    const remote = { url, branch: 'main', path: '' };
    const { bad } = await reported({ 'POST /flux/v9/git-repo-config': [GoFluxd.gitConfig({ remote, status, errors: 'no' })] });
    expect(bad).toMatchObject([{ check: 'git', level: 'fail', help: expect.stringContaining(help) }]);
  });

  test('each of several sources is checked', async () => {
    const source = (name: string, more: object) => ({ name, url: `https://h/${name}`, branch: 'main', paths: [], ...more });
    const { stdout } = await doctor({
      'GET /v1/sources': [
        {
          sources: [
            source('infra', { status: 'ready', ready: true }),
            source('apps', { status: 'unreachable', ready: false, reason: 'Git: could not resolve host: h' }),
          ],
        },
      ],
    });
    expect(stdout).toContain('source infra: https://h/infra, branch main, is readable and writable\n');
    expect(stdout).toContain('source apps: https://h/apps, branch main, is unreachable: Git: could not resolve host: h\n');
    expect(stdout).toContain('Correct the host in --git-url');
    expect(stdout.match(/source (infra|apps): the tag flux-sync/g)).toEqual(['source infra: the tag flux-sync']);
  });

  async function saidOfSandboxes(sandboxes: object): Promise<readonly string[]> {
    const { stdout } = await doctor({ 'GET /v1/sources': [{ sources: [], ...sandboxes }] }, ['-o', 'json']);
    const findings = (JSON.parse(stdout) as readonly Finding[]).filter(({ check }) => check === 'sandbox');
    return findings.map(({ level, message }) => `${level} ${message}`);
  }

  test.each<[string, object | undefined, readonly string[]]>([
    ['nothing without commands', undefined, []],
    [
      'its layers',
      { kind: 'container', user: 10002, landlock: 7, seccomp: true, memory: 402_653_184 },
      ['ok commands of the repository run in a container of their own: own user 10002, Landlock 7, seccomp, 384 MiB of memory'],
    ],
    [
      'what a child process lacks',
      { kind: 'child-process', lacks: ['a', 'b'] },
      ['warn commands of the repository run without a sandbox: a; b'],
    ],
    ['why there is none', { kind: 'none', reason: 'not connected' }, ['fail no commands are run: not connected']],
  ])('of the sandbox it says %s', async (_, sandbox, expected) => {
    expect(await saidOfSandboxes(sandbox ? { sandbox } : {})).toEqual(expected);
  });

  test('of the sandbox with network it says its layers, or why there is none, beside the other', async () => {
    const sandbox = { kind: 'container', user: 10002, landlock: 7, seccomp: true, memory: 402_653_184 };
    const held = 'own user 10002, Landlock 7, seccomp, 384 MiB of memory';
    const offline = `ok commands of the repository run in a container of their own: ${held}`;
    expect(await saidOfSandboxes({ sandbox, networkSandbox: sandbox })).toEqual([
      offline,
      `ok commands with network of the repository run in a pod of their own, confined by a NetworkPolicy: ${held}`,
    ]);
    expect(await saidOfSandboxes({ sandbox, networkSandbox: { kind: 'none', reason: 'not connected' } })).toEqual([
      offline,
      'fail no commands with network are run: not connected',
    ]);
  });

  test('a daemon without a repository is told as that, without its URL and error of nothing', async () => {
    const remote = { url: 'file:', branch: 'main', path: '' };
    const config = GoFluxd.gitConfig({ remote, status: 'unconfigured', errors: 'git repo has not been cloned yet' });
    const { bad } = await reported({ 'POST /flux/v9/git-repo-config': [config] });
    expect(bad).toMatchObject([{ check: 'git', message: 'no repository is configured', help: 'Start fluxd with --git-url.' }]);
  });

  test('a context that does not exist is told with those that do', async () => {
    const { stdout } = await doctor({}, ['--context=pord', '-o', 'json']);
    expect(JSON.parse(stdout)[0]).toMatchObject({ check: 'kubeconfig', level: 'warn', help: 'The kubeconfig has: "prod".' });
  });

  test('a port-forward that is forbidden is told with the right that is missing, and nothing more is asked of the daemon', async () => {
    await using cluster = await apiServer({ ...CLUSTER, '/api/v1/namespaces/flux/pods': podList([pod()]) });
    const { code, stdout } = await fluxctl(['doctor', '--k8s-fwd-ns=flux', '-o', 'json'], { KUBECONFIG: cluster.kubeconfig });
    const findings = JSON.parse(stdout) as readonly Finding[];
    expect(code).toBe(1);
    expect(findings.find(({ check }) => check === 'daemon')).toMatchObject({
      level: 'fail',
      message: 'Could not forward a port to pod flux/flux-1: pods/portforward is forbidden',
      help: expect.stringContaining('create pods/portforward in namespace "flux"'),
    });
    expect(findings.some(({ check }) => check === 'git')).toBe(false);
  });

  test('a daemon elsewhere is named', async () => {
    await using cluster = await apiServer({
      ...CLUSTER,
      '/api/v1/namespaces/default/pods': { items: [] },
      '/api/v1/pods': { items: [pod()] },
    });
    const { stdout } = await fluxctl(['doctor', '-o', 'json'], { KUBECONFIG: cluster.kubeconfig });
    const findings = JSON.parse(stdout) as readonly Finding[];
    expect(findings.find(({ check }) => check === 'pod')?.help).toBe('fluxd runs in another namespace; use --k8s-fwd-ns=flux.');
  });

  test('a workload that a Go fluxd could not apply is named', async () => {
    const services = await GoFluxd.start();
    const answer = JSON.parse(await (await fetch(`${services.url}/v6/services`)).text()) as { SyncError: string }[];
    await services[Symbol.asyncDispose]();
    const { bad } = await reported({
      'GET /v1/objects': [{ status: 404, body: '404 page not found\n' }],
      'GET /flux/v6/services': [answer.map((each, n) => (n === 0 ? { ...each, SyncError: 'denied' } : each))],
    });
    expect(bad).toMatchObject([
      { check: 'sync', level: 'warn', message: '1 of 2 workloads could not be applied: shop:helmrelease/pay' },
    ]);
  });

  test('a cluster out of reach is no failure where the daemon is at --url, and one where it is not', async () => {
    await using daemon = await ScriptedDaemon.start(READY);
    using kubeconfig = kubeconfigFor('http://127.0.0.1:1');
    for (const [flags, level, code] of [
      [['--url', daemon.url], 'warn', 0],
      [[], 'fail', 1],
    ] as const) {
      const ran = await fluxctl(
        ['doctor', '-o', 'json', ...flags],
        { KUBECONFIG: kubeconfig.path },
        { startAt: Date.parse(SERVED_AT) },
      );
      const findings = JSON.parse(ran.stdout) as Finding[];
      expect(findings[0]).toMatchObject({ check: 'cluster', level });
      expect(ran.code).toBe(code);
      expect(findings.some(({ check }) => check === 'daemon')).toBe(code === 0);
    }
  });

  test('what to do fits into the width of a terminal', async () => {
    await using cluster = await apiServer({ ...CLUSTER, '/api/v1/namespaces/flux/pods': { items: [] } });
    const line = ['doctor', '--k8s-fwd-ns=flux', '--no-color'];
    const { stdout } = await fluxctl(line, { KUBECONFIG: cluster.kubeconfig }, { isTTY: true, columns: 60 });
    const lines = stdout.split('\n');
    expect(lines.filter((each) => each.length > 60 && !each.includes('http://'))).toEqual([]);
    expect(lines.filter((each) => each.startsWith(' '.repeat(18))).length).toBeGreaterThan(2);
  });

  test('a cluster that answers, and no daemon in it', async () => {
    await using cluster = await apiServer({ ...CLUSTER, '/api/v1/namespaces/flux/pods': { items: [] } });
    const { code, stdout } = await fluxctl(['doctor', '--k8s-fwd-ns=flux'], { KUBECONFIG: cluster.kubeconfig });
    expect(code).toBe(1);
    expect(stdout).toContain(
      'fail  pod         no pod matches app=flux or name in (flux,fluxd,weave-flux-agent) in namespace "flux"\n',
    );
    expect(stdout).not.toContain('daemon  ');
  });

  test('what it may not look at it says, and goes on', async () => {
    await using daemon = await ScriptedDaemon.start({
      ...READY,
      'POST /flux/v9/git-repo-config': [{ status: 500, body: 'oops' }],
    });
    const { stdout } = await fluxctl(['doctor', '--url', daemon.url, '-o', 'json'], {}, { startAt: Date.parse(SERVED_AT) });
    const findings = JSON.parse(stdout) as Finding[];
    expect(levels(findings)).toEqual([
      'kubeconfig warn',
      'daemon ok',
      'clock ok',
      'git fail',
      'git ok',
      'git ok',
      'sync ok',
      'registries ok',
    ]);
  });

  test('a check that cannot be carried out is a finding', async () => {
    const may = async () => {
      throw new FluxError('subjectaccessreviews is forbidden', { code: 'cluster/forbidden' });
    };
    await expect(checkRights(clusterOf({ may }), { name: 'p', namespace: 'n', serviceAccount: 's' })).rejects.toThrow(
      'forbidden',
    );
  });
});

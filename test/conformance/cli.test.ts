import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fluxctl, type Ran, type Script } from '../cli/daemon.ts';
import { GoFluxd, REVISION } from './go-fluxd.ts';

/** What one command line comes to beside a Go fluxd: what it prints, and what it sent. */
interface Outcome extends Ran {
  /** `POST /v9/update-manifests`, below `/api/flux`, in order. */
  readonly asked: readonly string[];
  /** Bodies of the updates, as they were sent. */
  readonly updates: readonly string[];
}

const run = async (
  line: readonly string[],
  script: Script = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> => {
  await using fluxd = await GoFluxd.start(script);
  const ran = await fluxctl(line, { FLUX_URL: fluxd.url, ...env });
  return { ...ran, asked: fluxd.asked, updates: fluxd.updates };
};
const usage = (message: string, command: string) => `Error: ${message}\nRun 'fluxctl ${command} --help' for usage.\n`;
/** Without the paragraph on what to do, which is ours. */
const withoutAdvice = (stderr: string) => stderr.replace(/(?<=--help' for usage\.\n)\n.+\n$/, '');
/** An update with the keys in the order in which they are sent. */
const image = (spec: object) => ({ type: 'image', cause: { Message: '', User: '' }, spec });

const scratch = mkdtempSync(join(tmpdir(), 'conformance-cli-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const gitConfig = (text: string) => {
  writeFileSync(join(scratch, '.gitconfig'), text);
  return { HOME: scratch };
};

describe('what a release asks for', () => {
  const everything = { ServiceSpecs: ['<all>'], ImageSpec: '<all latest>', Kind: 'execute', Excludes: null, Force: false };
  const web = { ...everything, ServiceSpecs: ['default:deployment/web'] };
  test.each<[string, string, object]>([
    ['CLI-1', '--update-all-images --all', everything],
    ['CLI-2', '--update-all-images --all --dry-run', { ...everything, Kind: 'plan' }],
    ['CLI-4', '--update-all-images --workload=deployment/web', web],
    [
      'CLI-5',
      '--update-all-images --all --exclude=deployment/a,deployment/b',
      { ...everything, Excludes: ['default:deployment/a', 'default:deployment/b'] },
    ],
    ['CLI-17', '--update-all-images --controller=deployment/web', web],
  ])('%s: release %s', async (_id, flags, spec) => {
    const { code, updates, asked } = await run(['release', ...flags.split(' ')]);
    expect(code).toBe(0);
    expect(updates).toEqual([JSON.stringify(image(spec))]);
    expect(asked.slice(0, 2)).toEqual(['POST /v9/update-manifests', 'GET /v6/jobs?id=job-1']);
  });
});

describe('what is refused before anybody is asked', () => {
  test.each<[string, string, string]>([
    ['CLI-7', 'release --all', 'please supply exactly one of --update-image=<image> or --update-all-images'],
    [
      'CLI-8',
      'release --all --update-image=busybox',
      'blank tag (if you want latest, explicitly state the tag :latest): invalid image ID',
    ],
    ['CLI-10', 'release --workload=not&valid --update-all-images', 'parsing not&valid: invalid service ID'],
    ['CLI-11', 'release extra', 'expected no (non-flag) arguments'],
    ['CLI-13', 'release --watch --dry-run --all --update-all-images', 'cannot use --watch with --dry-run'],
    ['CLI-14', 'release --force --all --update-all-images', '--force has no effect when used with --all and --update-all-images'],
    ['CLI-19', 'version x', 'expected no (non-flag) arguments'],
    ['CLI-19', 'version x y', 'expected no (non-flag) arguments'],
    ['CLI-20', 'completion', 'please specify a shell'],
    ['CLI-22', 'completion bash zsh', 'please specify one of the following shells: bash fish zsh'],
    ['CLI-25', 'install --git-url=git@example.org:a/b', 'please supply a valid --git-email argument'],
    ['CLI-25', 'install --git-email=a@example.org', 'please supply a valid --git-url argument'],
    ['CLI-31', 'list-images -o xml', 'invalid output format specified'],
    ['CLI-34', 'policy --lock', '-w, --workload is required'],
    ['CLI-35', 'policy -w deployment/a --automate --deautomate', 'automate and deautomate both specified'],
    ['CLI-35', 'policy -w deployment/a --lock --unlock', 'lock and unlock both specified'],
    [
      'CLI-37',
      'policy -w deployment/a --tag=broken',
      `invalid container/tag pair: "broken". Expected format is 'container=filter'`,
    ],
  ])('%s: %s', async (_id, line, message) => {
    const words = line.split(' ');
    const { code, stdout, stderr, asked } = await run(words);
    expect([code, stdout, withoutAdvice(stderr)]).toEqual([1, '', usage(message, words[0] ?? '')]);
    expect(asked).toEqual([]);
  });

  test.each([
    ['CLI-17', 'policy', 'a'],
    ['CLI-17', 'lock', 'a'],
    ['CLI-17', 'automate', 'the'],
  ])('%s: %s with both names of a workload', async (_id, command, article) => {
    const { code, stderr, asked } = await run([command, '-w', 'deployment/a', '-c', 'deployment/a']);
    const notice = 'Flag --controller has been deprecated, changed to --workload, use that instead\n';
    expect([code, stderr]).toEqual([1, notice + usage(`can't specify both ${article} controller and workload`, command)]);
    expect(asked).toEqual([]);
  });
});

describe('what goes on with a word of warning', () => {
  test('CLI-16: a forced release of all images', async () => {
    const { code, stderr, updates } = await run(['release', '--force', '--workload=deployment/a', '--update-all-images']);
    expect(code).toBe(0);
    expect(updates).toHaveLength(1);
    expect(stderr).toMatch(
      /^Warning: --force will not ignore container image tags when used with --update-all-images\nSubmitting release \.\.\.\n/,
    );
  });

  test('CLI-17: the old name of a flag', async () => {
    const { code, stderr, updates } = await run(['automate', '-c', 'deployment/a']);
    expect(code).toBe(0);
    expect(stderr).toBe('Flag --controller has been deprecated, changed to --workload, use that instead\n');
    expect(updates).toEqual([
      '{"type":"policy","cause":{"Message":"","User":""},"spec":{"default:deployment/a":{"add":{"automated":"true"},"remove":{}}}}',
    ]);
  });
});

describe('what needs no daemon', () => {
  test.each(['bash', 'zsh', 'fish'])('CLI-23: completion %s', async (shell) => {
    const { code, stdout, stderr, asked } = await run(['completion', shell]);
    expect([code, stderr, asked]).toEqual([0, '', []]);
    expect(stdout).toContain('fluxctl __complete'.split(' ')[1]);
    expect(stdout).toMatch(/fluxctl/);
  });

  test('CLI-26: install prints manifests', async () => {
    const { code, stdout, asked } = await run(['install', '--git-url=git@example.org:a/b', '--git-email=a@example.org']);
    expect([code, asked]).toEqual([0, []]);
    expect(stdout.startsWith('---\n')).toBe(true);
    expect(stdout).toContain('- --git-url=git@example.org:a/b\n');
    expect([...stdout.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind)).toEqual([
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Secret',
      'ConfigMap',
      'Service',
      'NetworkPolicy',
      'Deployment',
    ]);
  });
});

describe('listings', () => {
  const available = Array.from({ length: 100 }, (_, n) => ({ ID: `acme/cart:${n}`, Labels: {} }));
  const images = [
    {
      ID: 'a:deployment/b',
      Containers: [{ Name: 'c', Current: available[0], LatestFiltered: available[0], Available: available }],
    },
  ];
  const IMAGES = 'GET /flux/v10/images';

  test('CLI-28: JSON with limit 0 has every image', async () => {
    const { code, stdout } = await run(['list-images', '-o', 'json', '--limit', '0'], { [IMAGES]: [images] });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(images);
  });

  test('CLI-29: a negative limit is refused', async () => {
    const { code, stdout, stderr } = await run(['list-images', '-o', 'json', '--limit', '-1'], { [IMAGES]: [images] });
    expect([code, stdout, stderr]).toEqual([1, '', usage('opts.limit cannot be less than 0', 'list-images')]);
  });

  const table = [
    'WORKLOAD              CONTAINER    IMAGE                          RELEASE  POLICY',
    'shop:deployment/cart  cart         reg.example.org/acme/cart:1.3  ready    automated,locked',
    '                      setup        reg.example.org/acme/init:0.2           ',
    'shop:helmrelease/pay  chart-image  reg.example.org/acme/pay:1.1            automated',
  ];
  test.each([
    ['', table],
    [
      '--no-headers',
      [
        'shop:deployment/cart  cart         reg.example.org/acme/cart:1.3  ready  automated,locked',
        '                      setup        reg.example.org/acme/init:0.2         ',
        'shop:helmrelease/pay  chart-image  reg.example.org/acme/pay:1.1          automated',
      ],
    ],
  ])('CLI-32: list-workloads %s', async (flag, lines) => {
    const { code, stdout, asked } = await run(['list-workloads', ...(flag === '' ? [] : [flag])]);
    expect([code, asked]).toEqual([0, ['GET /v6/services?namespace=default']]);
    expect(stdout).toBe(`${lines.join('\n')}\n`);
  });
});

describe('policies', () => {
  test('CLI-38: a pattern for all containers', async () => {
    const { updates, lines } = await run(['policy', '-w', 'shop:deployment/cart', '--tag-all=semver:~1']);
    expect(updates).toEqual([
      '{"type":"policy","cause":{"Message":"","User":""},"spec":{"shop:deployment/cart":{"add":{"tag_all":"semver:~1"},"remove":{}}}}',
    ]);
    expect(lines).toBe('1 WORKLOAD   STATUS   UPDATES\n');
  });

  test.each([
    ['both', '[user]\n\tname = Ann\n\temail = ann@example.org\n', 'Ann <ann@example.org>'],
    ['a name', '[user]\n\tname = Ann\n', 'Ann'],
    ['an address', '[user]\n\temail = ann@example.org\n', 'ann@example.org'],
    ['neither', '', ''],
  ])('CLI-40: who asks, where git knows %s', async (_case, config, User) => {
    const { updates } = await run(['automate', '-w', 'deployment/a'], {}, gitConfig(config));
    expect(JSON.parse(updates[0] ?? '')).toMatchObject({ cause: { Message: '', User } });
  });
});

describe('sync', () => {
  const repository = (status: string, errors = '') => ({
    'POST /flux/v9/git-repo-config': [GoFluxd.gitConfig({ status, errors })],
  });
  const url = 'ssh://git@example.org/acme/conf';

  test.each<[string, string, string, string]>([
    ['no repository', 'unconfigured', '', 'no git repository is configured'],
    [
      'one out of reach',
      'unreachable',
      'no route',
      `can not connect to git repository with URL ${url}\n\nFull error message: no route`,
    ],
    ['one not cloned yet', 'new', '', `git repository ${url} is not ready to sync`],
    ['one it cannot write to', 'cloned', 'denied', `git repository ${url} is not ready to sync\n\nFull error message: denied`],
  ])('CLI-41: %s', async (_case, status, errors, message) => {
    const { code, stderr, asked } = await run(['sync'], repository(status, errors));
    expect([code, stderr]).toEqual([1, usage(message, 'sync')]);
    expect(asked).toEqual(['POST /v9/git-repo-config']);
  });

  test('a sync as Flux v1 makes it: through a job, until the tag has arrived', async () => {
    const { code, lines, asked, updates } = await run(['sync'], {
      'GET /flux/v6/jobs': [GoFluxd.job({ revision: REVISION })],
      'GET /flux/v6/sync': [[REVISION], []],
    });
    expect(code).toBe(0);
    expect(lines).toBe(
      [
        `2 Synchronizing with ${url}`,
        '2 Revision of master to apply is 4be1f0c',
        '2 Waiting for 4be1f0c to be applied ...',
        '2 Done.',
        '',
      ].join('\n'),
    );
    expect(updates).toEqual(['{"type":"sync","cause":{"Message":"","User":""},"spec":{}}']);
    expect(asked).toEqual([
      'POST /v9/git-repo-config',
      'POST /v9/update-manifests',
      'GET /v6/jobs?id=job-1',
      'GET /v6/sync?ref=4be1f0c',
      'GET /v6/sync?ref=4be1f0c',
    ]);
  });

  test('an unverified head is a warning, and the verified commit is waited for', async () => {
    const Err =
      'The branch HEAD in the git repo is not verified, and fluxd is unable to sync to it. The last verified commit was 4be1f0c2. HEAD is 77aa0d1f.';
    const { code, stderr } = await run(['sync'], {
      'GET /flux/v6/jobs': [{ Result: { revision: REVISION }, Err, StatusString: 'failed' }],
    });
    expect(code).toBe(0);
    expect(stderr.split('\n').slice(1)).toEqual([
      `Warning: ${Err}`,
      'Revision of master to apply is 4be1f0c',
      'Waiting for 4be1f0c to be applied ...',
      'Done.',
      '',
    ]);
  });

  test.each<[string, object, string]>([
    ['a job that fails', { Result: {}, Err: 'git fetch: denied', StatusString: 'failed' }, 'git fetch: denied'],
    [
      'no commit that is verified',
      {
        Result: {},
        Err: 'The branch HEAD in the git repo is not verified, and fluxd is unable to sync to it.',
        StatusString: 'failed',
      },
      'The branch HEAD in the git repo is not verified, and fluxd is unable to sync to it.',
    ],
  ])('%s is an error', async (_case, job, message) => {
    const { code, stderr } = await run(['sync'], { 'GET /flux/v6/jobs': [job] });
    expect(code).toBe(1);
    expect(stderr).toBe(`Synchronizing with ${url}\nFailed to complete sync job (ID "job-1")\n${usage(message, 'sync')}`);
  });
});

describe('waiting for a job', () => {
  const JOBS = 'GET /flux/v6/jobs';
  const PerContainer = [{ Container: 'cart', Current: 'reg.example.org/acme/cart:1.3', Target: 'reg.example.org/acme/cart:1.4' }];
  const result = {
    'shop:deployment/cart': { Status: 'success', PerContainer },
    'shop:deployment/mail': { Status: 'ignored', Error: 'not included', PerContainer: null },
  };
  const table = [
    '1 WORKLOAD              STATUS   UPDATES',
    '1 shop:deployment/cart  success  cart: reg.example.org/acme/cart:1.3 -> 1.4',
    '2 Commit pushed:\t4be1f0c',
  ];
  const line = ['release', '--workload=shop:deployment/cart', '--update-image=reg.example.org/acme/cart:1.4'];
  const queued = { Result: {}, Err: '', StatusString: 'queued' };
  const done = { [JOBS]: [queued, { ...queued, StatusString: 'running' }, GoFluxd.job({ revision: REVISION, result })] };

  test('CLI-43: a release that made a commit waits until it is applied', async () => {
    const { code, lines, asked } = await run(line, { ...done, 'GET /flux/v6/sync': [[REVISION], []] });
    expect(code).toBe(0);
    expect(lines).toBe(['2 Submitting release ...', ...table, '2 Commit applied:\t4be1f0c', ''].join('\n'));
    expect(asked.slice(-2)).toEqual([`GET /v6/sync?ref=${REVISION}`, `GET /v6/sync?ref=${REVISION}`]);
  });

  test('CLI-43: a policy change that made a commit does not', async () => {
    const { code, lines, asked } = await run(['lock', '-w', 'shop:deployment/cart'], done);
    expect(code).toBe(0);
    expect(lines).toBe([...table, ''].join('\n'));
    expect(asked.some((each) => each.includes('/v6/sync'))).toBe(false);
  });

  test('CLI-43: a job without commit and result', async () => {
    const { code, lines } = await run(line, { [JOBS]: [GoFluxd.job({})] });
    expect([code, lines]).toEqual([0, '2 Submitting release ...\n2 Nothing to do\n']);
  });

  test('CLI-44: a job that does not end', async () => {
    const { code, stdout, stderr } = await run([...line, '--timeout=5s'], { [JOBS]: [queued] });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Submitting release \.\.\.\nWe timed out waiting for the result of the operation/);
    expect(stderr.endsWith(usage('timeout', 'release'))).toBe(true);
  });
});

describe('save', () => {
  const stream = `---
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  uid: 1b2c
spec:
  finalizers: [kubernetes]
status: {phase: Active}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  annotations:
    deployment.kubernetes.io/revision: "3"
    kubectl.kubernetes.io/last-applied-configuration: '{}'
    kubernetes.io/change-cause: because
    fluxcd.io/sync-checksum: abc
  creationTimestamp: null
  generation: 2
  labels: {app: cart, fluxcd.io/sync-gc-mark: sha256.x}
  name: cart
  namespace: shop
  resourceVersion: "12"
  uid: 4d5e
spec:
  replicas: 2
  strategy: {}
  template:
    metadata:
      creationTimestamp: null
      labels: {app: cart}
    spec:
      containers:
      - image: acme/cart:1.3
        name: cart
        resources: {}
        command: []
        securityContext: {capabilities: {}}
      nodeSelector: null
status:
  replicas: 2
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec: {replicas: 1}
`;
  const exported = { 'GET /flux/v6/export': [Buffer.from(stream).toString('base64')] };
  const namespace = `---
apiVersion: v1
kind: Namespace
metadata:
  name: shop
spec:
  finalizers:
  - kubernetes
`;
  const deployment = `---
apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    app: cart
  name: cart
  namespace: shop
spec:
  replicas: 2
  template:
    metadata:
      labels:
        app: cart
    spec:
      containers:
      - image: acme/cart:1.3
        name: cart
        securityContext: {}
`;
  const statefulSet = `---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
  namespace: shop
spec:
  replicas: 1
`;

  test('CLI-46: prints what somebody would have written', async () => {
    const { code, stdout, stderr, asked } = await run(['save'], exported);
    expect([code, stderr, asked]).toEqual([0, '', ['GET /v6/export']]);
    expect(stdout).toBe(namespace + deployment + statefulSet);
  });

  test('CLI-46: into a directory, a file each', async () => {
    const out = mkdtempSync(join(scratch, 'out-'));
    const { code, stdout } = await run(['save', '-o', out], exported);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        `Saving Namespace 'shop' to ${out}/shop-ns.yaml`,
        `Saving Deployment 'cart' to ${out}/shop/cart-dep.yaml`,
        `Saving StatefulSet 'db' to ${out}/shop/db-StatefulSet.yaml`,
        '',
      ].join('\n'),
    );
    expect(readdirSync(out, { recursive: true, encoding: 'utf8' }).sort()).toEqual([
      'shop',
      'shop-ns.yaml',
      'shop/cart-dep.yaml',
      'shop/db-StatefulSet.yaml',
    ]);
    expect(readFileSync(join(out, 'shop/cart-dep.yaml'), 'utf8')).toBe(deployment);
  });

  test('a daemon without allowed namespaces cannot export', async () => {
    const { code, stdout, stderr } = await run(['save'], {
      'GET /flux/v6/export': [
        {
          status: 422,
          body: { type: 'user', help: 'Error: resource name may not be empty\n', error: 'resource name may not be empty' },
        },
      ],
    });
    expect([code, stdout, stderr]).toEqual([1, '', '== Error ==\n\nError: resource name may not be empty\n\n']);
  });

  test('nobody answers', async () => {
    const { code, stderr } = await run(['save', '--url=http://127.0.0.1:1/api/flux']);
    const get = 'Get "http://127.0.0.1:1/api/flux/v6/export": dial tcp 127.0.0.1:1: connect: connection refused';
    expect([code, stderr]).toEqual([
      1,
      usage(`exporting config: executing HTTP request: executing HTTP request: ${get}`, 'save'),
    ]);
  });

  test('a directory that is not there', async () => {
    const file = join(scratch, 'file');
    writeFileSync(file, '');
    expect(withoutAdvice((await run(['save', '--out=/nowhere'], exported)).stderr)).toBe(
      usage('stat /nowhere: no such file or directory', 'save'),
    );
    expect((await run(['save', '--out', file], exported)).stderr).toBe(usage(`path ${file} is not a directory`, 'save'));
  });
});

describe('identity', () => {
  const art = `+---[RSA 2048]----+\n${'|                 |\n'.repeat(9)}+------[MD5]------+\n`;
  const config = GoFluxd.gitConfig({
    publicSSHKey: {
      key: 'ssh-rsa AAAA flux@fluxd\n',
      fingerprints: { md5: { hash: '06:31:aa', randomart: art }, sha256: { hash: 'abc', randomart: art } },
    },
  });
  test.each<[string, string[], string]>([
    ['CLI-47', [], 'ssh-rsa AAAA flux@fluxd\n'],
    ['CLI-47', ['-l'], '06:31:aa\n'],
    ['CLI-47', ['-v'], `06:31:aa\n${art}`],
  ])('%s: identity %j', async (_id, flags, expected) => {
    const { code, stdout, asked } = await run(['identity', ...flags], { 'POST /flux/v9/git-repo-config': [config] });
    expect([code, stdout, asked]).toEqual([0, expected, ['POST /v9/git-repo-config']]);
  });

  test.each<[string[], string]>([
    [[], ''],
    [['-l'], '\n'],
    [['-v'], '\n'],
  ])('without a key: identity %j', async (flags, expected) => {
    expect((await run(['identity', ...flags])).stdout).toBe(expected);
  });
});

describe('the environment', () => {
  test('CLI-49: URL and token, where no flag gives them', async () => {
    await using fluxd = await GoFluxd.start();
    const of = async (line: string[], env: Record<string, string>) => {
      await fluxctl(['list-workloads', ...line], env);
      return fluxd.requests.at(-1)?.headers.authorization;
    };
    const env = { FLUX_URL: fluxd.url, FLUX_SERVICE_TOKEN: 'service' };
    expect(await of([], env)).toBe('Scope-Probe token=service');
    expect(await of([], { ...env, WEAVE_CLOUD_TOKEN: 'cloud' })).toBe('Scope-Probe token=cloud');
    expect(await of(['-t', 'flag'], { ...env, WEAVE_CLOUD_TOKEN: 'cloud' })).toBe('Scope-Probe token=flag');
    expect(await of(['-u', fluxd.url], { FLUX_URL: 'http://127.0.0.1:1' })).toBe(undefined);
  });

  test('CLI-49: the timeout', async () => {
    const never = { 'GET /flux/v6/jobs': [{ Result: {}, Err: '', StatusString: 'queued' }] };
    const asks = async (line: string[], env: Record<string, string> = {}) =>
      (await run(['lock', '-w', 'deployment/a', ...line], never, env)).asked.length;
    const [short, long] = [await asks([], { FLUX_TIMEOUT: '1s' }), await asks([])];
    expect(short).toBeLessThan(long);
    expect(await asks(['--timeout=1s'], { FLUX_TIMEOUT: '60s' })).toBe(short);
  });

  test.each<[string, string[], Record<string, string>, string, string]>([
    ['CLI-49', [], {}, 'default', 'app=flux'],
    ['CLI-49', [], { FLUX_FORWARD_NAMESPACE: 'ops', FLUX_FORWARD_LABELS: 'app=f,x=y' }, 'ops', 'app=f,x=y'],
    [
      'CLI-49',
      ['--k8s-fwd-ns=flux', '--k8s-fwd-labels=a=b'],
      { FLUX_FORWARD_NAMESPACE: 'ops', FLUX_FORWARD_LABELS: 'app=f' },
      'flux',
      'a=b',
    ],
  ])('%s: where the daemon is looked for with %j and %j', async (_id, flags, env, namespace, labels) => {
    const server = await GoFluxd.emptyCluster();
    await using _ = server;
    const kubeconfig = join(scratch, 'kubeconfig');
    writeFileSync(kubeconfig, server.kubeconfig);
    const { code, stderr } = await fluxctl(['list-workloads', ...flags], { KUBECONFIG: kubeconfig, ...env });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `Error: No pod found in namespace "${namespace}" using the following selectors:\n  ${labels}\n  name in (flux,fluxd,weave-flux-agent)\n\n`,
    );
  });
});

test('every request is one of Flux v1’s, and the newer API is asked for only where Flux v1 has nothing', async () => {
  await using fluxd = await GoFluxd.start();
  const env = { FLUX_URL: `${fluxd.url}/` };
  await fluxctl(['list-workloads', '-a'], env);
  await fluxctl(['list-images', '-n', 'shop'], env);
  await fluxctl(['list-images', '-w', 'shop:deployment/cart'], env);
  await fluxctl(['identity', '-r'], env);
  expect(fluxd.asked).toEqual([
    'GET /v6/services?namespace=',
    'GET /v10/images?containerFields=&namespace=shop&service=%3Call%3E',
    'GET /v10/images?containerFields=&namespace=&service=shop%3Adeployment%2Fcart',
    'POST /v9/git-repo-config',
  ]);
  expect(fluxd.requests.at(-1)?.body).toBe('true');
  for (const { headers } of fluxd.requests) {
    expect(headers.accept).toBe('application/json');
    expect(headers['content-type']).toBeUndefined();
  }
  expect(fluxd.strangers).toEqual([]);
});

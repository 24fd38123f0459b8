import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Config, FLAG_NAMES, FLAGS, parseFlags, type SourceConfig } from '../../src/config/index.ts';
import { CHART_ARGUMENTS } from '../support/flux-v1-chart.ts';

const options = { version: '1.2.3', environment: {}, readFile: () => '' };
const parse = (...argv: string[]) => parseFlags(argv, options);

function configOf(...argv: string[]): Config {
  const parsed = parse(...argv);
  if (!('config' in parsed)) throw new Error(parsed.stderr);
  return parsed.config;
}

function warningsOf(...argv: string[]): readonly string[] {
  const parsed = parse(...argv);
  if (!('config' in parsed)) throw new Error(parsed.stderr);
  return parsed.warnings.map(({ message }) => message);
}

function refusalOf(...argv: string[]) {
  const parsed = parse(...argv);
  if ('config' in parsed) throw new Error('accepted');
  return { exit: parsed.exit, errors: parsed.stderr.split('\n').filter((line) => line.startsWith('Error: ')) };
}

const DEPLOY_KEY = {
  secretName: 'flux-git-deploy',
  dataKey: 'identity',
  mountedFile: '/etc/fluxd/ssh/identity',
  keygen: { type: 'ed25519' },
};

test('without flags the configuration holds the defaults of Flux v1', () => {
  expect(parse()).toEqual({
    warnings: [],
    config: {
      logFormat: 'fmt',
      listen: { host: '', port: 3030 },
      sources: [{ name: 'default', url: '', branch: 'master', paths: [], syncTag: 'flux-sync', notesRef: 'flux' }],
      gitUser: 'Weave Flux',
      gitEmail: 'support@weave.works',
      gitSetAuthor: false,
      gitCiSkipMessage: '',
      gitPartialClone: 'auto',
      gitPollIntervalMs: 300_000,
      gitReadonly: false,
      gitTimeoutMs: 20_000,
      gitGpgKeyImport: [],
      gitSecret: false,
      syncState: 'git',
      syncIntervalMs: 300_000,
      syncTimeoutMs: 60_000,
      syncChangeCause: false,
      garbageCollection: 'off',
      garbageCollectionLimit: 25,
      kustomize: 'off',
      automationIntervalMs: 300_000,
      automationPinDigest: false,
      automationRevert: false,
      automationRevertDeadlineMs: 600_000,
      automationRevertMessages: false,
      automationGatherMs: 20_000,
      automationGatherMaxMs: 300_000,
      registryDisableScanning: false,
      registryRps: 50,
      registryBurst: 10,
      registryTrace: false,
      registryInsecureHosts: [],
      helmInternalHosts: [],
      registryExcludeImages: ['k8s.gcr.io/*'],
      registryIncludeImages: [],
      registryUseLabels: ['index.docker.io/weaveworks/*', 'index.docker.io/fluxcd/*'],
      registryCache: { kind: 'memory' },
      ui: 'read-only',
      registryVerify: [],
      registryEcrIncludeIds: [],
      registryEcrExcludeIds: ['602401143452', '918309763551'],
      registryRequire: [],
      k8sAllowNamespaces: [],
      k8sExcludeResources: ['*metrics.k8s.io/*', 'webhook.certmanager.k8s.io/*', 'v1/Event'],
      deployKey: DEPLOY_KEY,
    } satisfies Config,
  });
});

test('the configuration cannot be changed', () => {
  const config = configOf('--git-path=a');
  expect([config, config.sources, config.sources[0], config.sources[0].paths, config.listen].every(Object.isFrozen)).toBe(true);
});

/** The part of a configuration that describes its one source. */
function source(part: Partial<SourceConfig>): Pick<Config, 'sources'> {
  return { sources: [expect.objectContaining(part)] };
}

describe('flags are read as pflag reads them', () => {
  const CASES: readonly (readonly [readonly string[], Partial<Config>])[] = [
    [['--git-url=git@h:o/r'], source({ url: 'git@h:o/r' })],
    [['--git-url', 'git@h:o/r'], source({ url: 'git@h:o/r' })],
    [['--git-url=a=b'], source({ url: 'a=b' })],
    [['--git-user', '--git-email'], { gitUser: '--git-email' }],
    [['--git-user='], { gitUser: '' }],
    [['--git-user=a', '--git-user=b'], { gitUser: 'b' }],
    [['-l', ':1'], { listen: { host: '', port: 1 } }],
    [['-l:2'], { listen: { host: '', port: 2 } }],
    [['-l=:3'], { listen: { host: '', port: 3 } }],
    [['--listen=[::1]:4'], { listen: { host: '::1', port: 4 } }],
    [['--listen-metrics=localhost:3031'], { listen: { host: '', port: 3030 }, listenMetrics: { host: 'localhost', port: 3031 } }],
    [
      ['--webhook-listen=:8080', '--webhook-config=/etc/fluxrecv/fluxrecv.yaml'],
      { webhooks: { listen: { host: '', port: 8080 }, configFile: '/etc/fluxrecv/fluxrecv.yaml' } },
    ],
    [
      ['--tls-cert-file=/a/tls.crt', '--tls-private-key-file=/a/tls.key'],
      { tls: { certFile: '/a/tls.crt', keyFile: '/a/tls.key' } },
    ],
    [['--git-set-author'], { gitSetAuthor: true }],
    [['--git-set-author=T'], { gitSetAuthor: true }],
    [['--git-set-author', '--git-set-author=0'], { gitSetAuthor: false }],
    [['--git-verify-signatures', '--git-signing-key=A'], { gitVerifySignatures: 'all' }],
    [['--git-verify-signatures-mode=first-parent', '--git-signing-key=A'], { gitVerifySignatures: 'first-parent' }],
    [['--git-verify-signatures-mode=all', '--git-ref=v1'], { gitVerifySignatures: 'all' }],
    // The newer flag wins, also when it is empty.
    [
      ['--git-verify-signatures', '--git-verify-signatures-mode=first-parent', '--git-signing-key=A'],
      { gitVerifySignatures: 'first-parent' },
    ],
    [['--git-path=a,b', '--git-path', 'c'], source({ paths: ['a', 'b', 'c'] })],
    [['--git-path="a,b",c'], source({ paths: ['a,b', 'c'] })],
    [['--git-path='], source({ paths: [] })],
    [['--registry-exclude-image=x/*'], { registryExcludeImages: ['x/*'] }],
    [['--registry-exclude-image='], { registryExcludeImages: [] }],
    [['--registry-cache=disk'], { registryCache: { kind: 'disk', directory: '/var/cache/fluxd' } }],
    [
      ['--registry-cache=disk', '--registry-cache-key-file=/k'],
      { registryCache: { kind: 'disk', directory: '/var/cache/fluxd', keyFile: '/k' } },
    ],
    [['--registry-cache=disk', '--registry-cache-dir=/cache'], { registryCache: { kind: 'disk', directory: '/cache' } }],
    [['--registry-ecr-region=eu-west-1,us-east-1'], { registryEcrRegions: ['eu-west-1', 'us-east-1'] }],
    [['--registry-ecr-region='], { registryEcrRegions: [] }],
    [
      ['--registry-ecr-include-id=123456789012', '--registry-ecr-exclude-id='],
      { registryEcrIncludeIds: ['123456789012'], registryEcrExcludeIds: [] },
    ],
    [['--registry-require=ecr'], { registryRequire: ['ecr'] }],
    [['--manifest-generation'], { generation: { sandbox: 'required', variables: [], networkFolders: [] } }],
    [['--generation-env=A'], {}],
    [
      ['--manifest-generation', '--generation-sandbox=best-effort', '--generation-env=CLUSTER,_x9'],
      { generation: { sandbox: 'best-effort', variables: ['CLUSTER', '_x9'], networkFolders: [] } },
    ],
    [
      ['--manifest-generation', '--generation-network=envs/staging/,./b//c,.,', '--generation-network-address=[fd00::1]:3032'],
      {
        generation: {
          sandbox: 'required',
          variables: [],
          networkFolders: ['envs/staging', 'b/c', ''],
          networkAddress: { host: 'fd00::1', port: 3032 },
        },
      },
    ],
    [
      ['--registry-cache=rediss://u:p@h:6380/2', '--registry-cache-key-file=/k'],
      { registryCache: { kind: 'redis', keyFile: '/k', url: 'rediss://u:p@h:6380/2' } },
    ],
    [
      ['--registry-cache=memcached', '--registry-cache-key-file=/k'],
      {
        registryCache: {
          ...{ kind: 'memcached', keyFile: '/k', service: 'memcached' },
          ...{ hostname: 'memcached', port: 11211, timeoutMs: 1000 },
        },
      },
    ],
    // As unchanged Deployments of Flux v1 have them.
    [['--memcached-hostname=flux-memcached', '--memcached-service='], { registryCache: { kind: 'memory' } }],
    [['--memcached-timeout=0s'], { registryCache: { kind: 'memory' } }],
    [['--memcached-timeout=0s', '--registry-cache=disk'], { registryCache: { kind: 'disk', directory: '/var/cache/fluxd' } }],
    [['--git-poll-interval=1h30m'], { gitPollIntervalMs: 5_400_000 }],
    [
      ['--registry-verify=docker.io/acme/*=cosign:acme', '--registry-verify-keys=/etc/fluxd/keys'],
      {
        registryVerify: ['docker.io/acme/*=cosign:acme'],
        registryVerifyKeys: '/etc/fluxd/keys',
      },
    ],
    [['--registry-rps=2.5', '--registry-burst=0x10'], { registryRps: 2.5, registryBurst: 16 }],
  ];
  test.each(CASES)('%j', (argv, expected) => expect(configOf(...argv)).toMatchObject(expected));

  test('a list element survives whatever it holds, when quoted', () => {
    const element = fc.string({ minLength: 1 }).filter((text) => !text.startsWith('/') && !text.split('/').includes('..'));
    fc.assert(
      fc.property(fc.array(element, { minLength: 1 }), (paths) => {
        const text = paths.map((path) => `"${path.replaceAll('"', '""')}"`).join(',');
        expect(configOf(`--git-path=${text}`).sources[0].paths).toEqual(paths);
      }),
    );
  });

  test('neither a variable nor a file can crash the parser', () => {
    const variable = fc.constantFrom(...FLAG_NAMES.map((name) => `FLUXD_${name.toUpperCase().replaceAll('-', '_')}`));
    const yaml = fc.oneof(
      fc.string(),
      fc.dictionary(fc.constantFrom(...FLAG_NAMES), fc.jsonValue()).map((value) => JSON.stringify(value)),
    );
    const everyRefusalSaysWhy = fc.property(fc.dictionary(variable, fc.string()), yaml, (environment, text) => {
      const parsed = parseFlags(['--config-file=f'], { ...options, environment, readFile: () => text });
      if (!('config' in parsed)) expect(parsed.stderr).toMatch(/^Error: /);
    });
    fc.assert(everyRefusalSaysWhy);
  });

  test('no command line can crash the parser', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(...FLAG_NAMES).chain((name) => fc.string().map((v) => `--${name}=${v}`)),
    );
    const everyRefusalSaysWhy = fc.property(fc.array(word), (argv) => {
      const parsed = parse(...argv);
      if (!('config' in parsed)) expect(parsed.stdout + parsed.stderr).toMatch(/^(Error: |fluxd |1\.2\.3)/);
    });
    fc.assert(everyRefusalSaysWhy);
  });
});

describe('flags that work together', () => {
  const CASES: readonly (readonly [readonly string[], Partial<Config>])[] = [
    [['--git-label=x', '--git-sync-tag=y'], source({ syncTag: 'x', notesRef: 'x' })],
    [['--git-ci-skip'], { gitCiSkipMessage: '\n\n[ci skip]' }],
    [['--git-ci-skip', '--git-ci-skip-message= [skip]'], { gitCiSkipMessage: ' [skip]' }],
    [['--sync-garbage-collection'], { garbageCollection: 'on' }],
    [['--sync-garbage-collection', '--sync-garbage-collection-dry'], { garbageCollection: 'dry' }],
    [['--registry-poll-interval=1m'], { automationIntervalMs: 60_000 }],
    [['--registry-poll-interval=1m', '--automation-interval=2m'], { automationIntervalMs: 120_000 }],
    [
      ['--k8s-secret-name=key', '--k8s-secret-volume-mount-path=/k/', '--k8s-secret-data-key=id'],
      { deployKey: { ...DEPLOY_KEY, secretName: 'key', dataKey: 'id', mountedFile: '/k/id' } },
    ],
    [
      ['--ssh-keygen-type=ecdsa', '--ssh-keygen-bits=0x180', '--ssh-keygen-format=pem', '--ssh-keygen-dir=/d'],
      { deployKey: { ...DEPLOY_KEY, keygen: { type: 'ecdsa', bits: 384, format: 'pem' }, directory: '/d' } },
    ],
    [['--ssh-keygen-bits=4096'], { deployKey: { ...DEPLOY_KEY, keygen: { type: 'rsa', bits: 4096 } } }],
    [['--k8s-allow-namespace=a,b', '--k8s-namespace-whitelist=b,c'], { k8sAllowNamespaces: ['a', 'b', 'c'] }],
    [['--k8s-allow-namespace='], { k8sAllowNamespaces: [] }],
    [['--kube-config=/k'], { kubeConfig: '/k' }],
    [['--registry-disable-scanning', '--registry-burst=0'], { registryBurst: 0 }],
    [['--log-format=json'], { logFormat: 'json' }],
    [['--log-format=xml'], { logFormat: 'fmt' }],
  ];
  test.each(CASES)('%j', (argv, expected) => expect(configOf(...argv)).toMatchObject(expected));

  test('an empty --kube-config leaves KUBECONFIG in force', () => {
    expect(configOf('--kube-config=')).not.toHaveProperty('kubeConfig');
  });
});

describe('what cannot be is refused, in the words and with the exit code of Flux v1', () => {
  const CASES: readonly (readonly [readonly string[], 1 | 2, string])[] = [
    [['--nope'], 2, 'unknown flag: --nope'],
    [['--git-brnch=x'], 2, 'unknown flag: --git-brnch (did you mean --git-branch?)'],
    [['-x'], 2, "unknown shorthand flag: 'x' in -x"],
    [['---x=secret'], 2, 'bad flag syntax: ---x'],
    [['--git-url'], 2, 'flag needs an argument: --git-url'],
    [['-l'], 2, "flag needs an argument: 'l' in -l"],
    [['--git-poll-interval=5'], 2, 'invalid argument "5" for "--git-poll-interval" flag: time: missing unit in duration "5"'],
    [['--git-ci-skip=ja'], 2, 'invalid argument "ja" for "--git-ci-skip" flag: strconv.ParseBool: parsing "ja": invalid syntax'],
    [
      ['--registry-burst=1.5'],
      2,
      'invalid argument "1.5" for "--registry-burst" flag: strconv.ParseInt: parsing "1.5": invalid syntax',
    ],
    [
      ['--registry-burst=99999999999999999999'],
      2,
      'invalid argument "99999999999999999999" for "--registry-burst" flag: strconv.ParseInt: parsing "99999999999999999999": value out of range',
    ],
    [['--registry-rps=x'], 2, 'invalid argument "x" for "--registry-rps" flag: strconv.ParseFloat: parsing "x": invalid syntax'],
    [['--git-path=a"b'], 2, 'invalid argument "a\\"b" for "--git-path" flag: misplaced " in "a\\"b"'],
    [['--git-path=a,/b'], 1, 'subdirectory given as --git-path should not have leading forward slash'],
    [['--git-path=a/../../b'], 1, 'subdirectory given as --git-path should not leave the repository by ".."'],
    [['--registry-burst=0'], 1, '--registry-burst must be at least 1'],
    [
      ['--registry-disable-scanning', '--sync-garbage-collection-limit=-1'],
      1,
      '--sync-garbage-collection-limit must be at least 0',
    ],
    [['--registry-rps=0'], 1, '--registry-rps must be greater than 0'],
    [['--git-label='], 1, '--git-label must not be empty'],
    [['--git-verify-signatures-mode=some'], 1, "'some' is not a valid git-verify-signatures-mode"],
    [
      ['--git-verify-signatures-mode=all'],
      1,
      '--git-verify-signatures-mode needs --git-signing-key: the sync tag and the commits of fluxd itself must have valid signatures too',
    ],
    [['--git-allowed-signers-file=signers'], 1, 'invalid --git-allowed-signers-file "signers": it must be an absolute path'],
    [['--git-signing-format=x509'], 1, 'invalid --git-signing-format "x509"; use "gpg" or "ssh"'],
    [
      ['--git-signing-key=--homedir=/tmp'],
      1,
      'invalid --git-signing-key "--homedir=/tmp": it must be a key id, a fingerprint, or an e-mail address',
    ],
    [
      ['--git-signing-format=ssh', '--git-signing-key=key'],
      1,
      'invalid --git-signing-key "key": it must be the absolute path of a private key file',
    ],
    [['--sync-interval=0s'], 1, '--sync-interval must be greater than 0'],
    [
      ['--registry-cache=tape'],
      1,
      'invalid --registry-cache: use memory, disk, redis://HOST:PORT, rediss://HOST:PORT or memcached',
    ],
    [
      ['--registry-cache=redis://:p@ss/w@h:1', '--registry-cache-key-file=k'],
      1,
      'invalid --registry-cache: it is not a URL like redis://HOST:PORT',
    ],
    ...['redis://u:p%ss@h:1', 'rediss://u%:pass@h:1', 'redis://:%ff@h'].map(
      (url): readonly [readonly string[], 1 | 2, string] => [
        [`--registry-cache=${url}`, '--registry-cache-key-file=k'],
        1,
        'invalid --registry-cache: write % in its user and password as %25',
      ],
    ),
    [
      ['--registry-cache=redis://h'],
      1,
      'invalid --registry-cache: a shared cache needs --registry-cache-key-file, or anyone who can write to it chooses your images',
    ],
    [
      ['--registry-cache=memcached', '--registry-cache-key-file=/k', '--memcached-timeout=0s'],
      1,
      '--memcached-timeout must be greater than 0',
    ],
    [['--registry-cache=disk', '--registry-cache-dir=x'], 1, 'invalid --registry-cache-dir: it must be an absolute path'],
    [['--manifest-generation', '--git-push-branch=p'], 1, '--manifest-generation cannot be combined with --git-push-branch yet'],
    [['--generation-sandbox=none'], 1, 'invalid --generation-sandbox: use "required" or "best-effort"'],
    [['--generation-env=A=1'], 1, 'invalid --generation-env: it must list names of environment variables'],
    [['--generation-env=LD_PRELOAD'], 1, 'invalid --generation-env: commands have a LD_PRELOAD of their own'],
    [['--generation-env=FLUX_TAG'], 1, 'invalid --generation-env: commands have a FLUX_TAG of their own'],
    [['--generation-network=/a'], 1, 'invalid --generation-network: it must list folders of the repository'],
    [['--generation-network=a/../..'], 1, 'invalid --generation-network: it must list folders of the repository'],
    [['--generation-network-address=:3032'], 1, 'invalid --generation-network-address: expected a host and a port'],
    [['--generation-network-address=h:0'], 1, 'invalid --generation-network-address: expected a host and a port'],
    [
      ['--generation-network-address=h'],
      1,
      'invalid --generation-network-address: expected host:port, for example :3030 or localhost:3030',
    ],
    [['--sync-state=tag'], 1, 'unknown sync state mode "tag" in --sync-state; use "git" or "secret"'],
    [['--registry-require=ecr,gcr'], 1, '--registry-require value "gcr" is not in possible values {ecr}'],
    [['--k8s-allow-namespace=a,'], 1, 'invalid namespace "" in --k8s-allow-namespace'],
    [['--k8s-allow-namespace=a, b'], 1, 'invalid namespace " b" in --k8s-allow-namespace'],
    [['--k8s-namespace-whitelist=A'], 1, 'invalid namespace "A" in --k8s-namespace-whitelist'],
    [['--listen=3030'], 1, 'invalid address "3030" in --listen: expected host:port, for example :3030 or localhost:3030'],
    [['--listen-metrics=:70000'], 1, 'invalid address ":70000" in --listen-metrics: port out of range'],
    [['--webhook-listen=:8080'], 1, '--webhook-listen also needs --webhook-config'],
    [['--webhook-config=x'], 1, '--webhook-config also needs --webhook-listen'],
    [['--tls-cert-file=a'], 1, '--tls-cert-file needs --tls-private-key-file'],
    [['--tls-private-key-file=a'], 1, '--tls-private-key-file needs --tls-cert-file'],
    [['--k8s-secret-name=A/b'], 1, 'invalid --k8s-secret-name "A/b": it is not the name of a Secret'],
    [['--k8s-secret-data-key=../x'], 1, 'invalid --k8s-secret-data-key "../x": it is not a key of a Secret'],
    [['--ssh-keygen-type=sk'], 1, 'invalid --ssh-keygen-type "sk": use ed25519, ecdsa, rsa, dsa'],
    [['--ssh-keygen-format=x'], 1, 'invalid --ssh-keygen-format "x": use RFC4716, PKCS8, PEM'],
    [['--ssh-keygen-bits=-1'], 1, 'invalid --ssh-keygen-bits "-1": use 0 for the default of ssh-keygen, or a length up to 16384'],
    [['--ssh-keygen-dir=x'], 1, 'invalid --ssh-keygen-dir "x": it must be an absolute path'],
  ];
  test.each(CASES)('%j', (argv, exit, error) => expect(refusalOf(...argv)).toEqual({ exit, errors: [`Error: ${error}`] }));

  test('all problems are told at once', () => {
    expect(refusalOf('--nope', '--sync-interval=x', '--connect=a', '--git-path=/a')).toEqual({
      exit: 2,
      errors: [
        'Error: unknown flag: --nope',
        'Error: invalid argument "x" for "--sync-interval" flag: time: invalid duration "x"',
        'Error: --connect is not supported yet; remove it, or set it to ""',
        'Error: subdirectory given as --git-path should not have leading forward slash',
      ],
    });
  });
});

describe('flags by status', () => {
  const other = { string: 'x', bool: 'true', int: '7', float: '7', duration: '7s', list: 'x' };
  const named = (status: string) => FLAG_NAMES.filter((name) => FLAGS[name].status === status);

  test.each(named('unbuilt'))('--%s is refused by name, unless at its default', (name) => {
    const { exit, errors } = refusalOf(`--${name}=${other[FLAGS[name].type]}`);
    expect(exit).toBe(2);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(`--${name} is not supported yet`);
    expect(errors[0]).not.toContain('=x');
    expect(warningsOf(`--${name}=${FLAGS[name].default}`)).toEqual([]);
  });

  test.each(named('meaningless'))('--%s is accepted with one warning', (name) => {
    const value = FLAGS[name].type === 'bool' ? 'false' : other[FLAGS[name].type];
    expect(warningsOf(`--${name}=${value}`)).toEqual([expect.stringContaining(`flag --${name} no longer has an effect: `)]);
  });

  test.each(named('deprecated'))('--%s works, with the notice of Flux v1', (name) => {
    // The one about signatures needs a key.
    expect(warningsOf(`--${name}=${other[FLAGS[name].type]}`, '--git-signing-key=A')).toEqual([
      `flag --${name} has been deprecated, ${FLAGS[name].note}`,
    ]);
  });
});

test('a default may be given in its other words', () => {
  expect(warningsOf('--git-verify-signatures-mode=none')).toEqual([]);
});

test('what is odd but harmless is a warning', () => {
  expect(warningsOf('--git-set-author', 'true', '--log-format=xml', '--git-label=x', '--git-notes-ref=y')).toEqual([
    'ignored argument "true": flags are written --name=value',
    '--git-notes-ref is overridden by --git-label',
    'unknown --log-format "xml"; using fmt',
  ]);
});

/** What the plain manifests of Flux v1 pass. */
const MANIFESTS = [
  '--memcached-service=',
  '--ssh-keygen-dir=/var/fluxd/keygen',
  '--git-url=git@example.org:you/config',
  '--git-branch=master',
  '--git-label=flux-sync',
  '--git-user=Flux automation',
  '--git-email=flux@example.com',
  '--listen-metrics=:3031',
];

test('the arguments of the chart and of the manifests of Flux v1 are accepted as they are', () => {
  const warned = (argv: readonly string[]) => warningsOf(...argv).map((message) => /--[a-z0-9-]+/.exec(message)?.[0]);
  expect(warned(CHART_ARGUMENTS)).toEqual(['--memcached-hostname', '--memcached-service']);
  expect(warned(MANIFESTS)).toEqual(['--memcached-service']);
  expect(configOf(...CHART_ARGUMENTS)).toMatchObject({
    registryRps: 200,
    deployKey: { ...DEPLOY_KEY, keygen: { type: 'ed25519', format: 'RFC4716' }, directory: '/var/fluxd/keygen' },
  });
});

test('--version and --help print and exit with 0', () => {
  expect(parse('--version')).toEqual({ exit: 0, stdout: '1.2.3\n', stderr: '' });
  const help = parse('--help', '--nope');
  expect(help).toMatchObject({ exit: 0, stderr: '' });
  expect('stdout' in help && help.stdout).toMatch(/^ {2}-l, --listen string +address .* \(default :3030\) \[FLUXD_LISTEN\]$/m);
  expect(parse('-h')).toEqual(help);
});

test.each([
  [['--nope', '--help'], 'unknown flag: --nope'],
  [['--git-poll-interval=5', '-h'], 'invalid argument "5" for "--git-poll-interval" flag: time: missing unit in duration "5"'],
])('%j: what is wrong before --help is told in its place', (words, message) => {
  expect(parse(...words)).toEqual({ exit: 2, stdout: '', stderr: `Error: ${message}\n\nRun 'fluxd --help' for usage.\n` });
});

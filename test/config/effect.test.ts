import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Config, FLAG_NAMES, FLAGS, type FlagName, parseFlags } from '../../src/config/index.ts';

const root = join(import.meta.dirname, '../..');

const APP = [
  '--git-url=https://h/r',
  '--git-github-app-id=1',
  '--git-github-app-installation-id=2',
  '--git-github-app-private-key-file=a',
];

const PULLS = ['--git-push-branch=p', '--pull-request=gitea', '--pull-request-token-file=/a'];

const MEMCACHED = ['--registry-cache=memcached', '--registry-cache-key-file=/k'];

const TLS = ['--tls-cert-file=a', '--tls-private-key-file=b'];

const OIDC = [
  '--ui-oidc-issuer=https://h',
  '--ui-oidc-client-id=a',
  '--ui-oidc-client-secret-file=/a',
  '--ui-oidc-username-prefix=a',
  '--ui-oidc-groups-prefix=a',
];

/** Another value than the default, and what else has to be given with it. */
const OTHER: Partial<Record<FlagName, readonly string[]>> = {
  listen: ['--listen=:1'],
  'listen-metrics': ['--listen-metrics=:1'],
  'log-format': ['--log-format=json'],
  'sync-state': ['--sync-state=secret'],
  'tls-cert-file': TLS,
  'tls-private-key-file': TLS,
  ...Object.fromEntries(OIDC.map((flag) => [flag.slice(2).split('=')[0], [...TLS, ...OIDC]])),
  'git-partial-clone': ['--git-partial-clone=off'],
  'git-signing-format': ['--git-signing-format=ssh', '--git-signing-key=/a'],
  'git-verify-signatures-mode': ['--git-verify-signatures-mode=all', '--git-signing-format=ssh', '--git-signing-key=/a'],
  'git-verify-signatures': ['--git-verify-signatures', '--git-signing-format=ssh', '--git-signing-key=/a'],
  'git-allowed-signers-file': ['--git-allowed-signers-file=/a'],
  'git-token-file': ['--git-url=https://h/r', '--git-token-file=a'],
  'git-token-type': ['--git-url=https://h/r', '--git-token-file=a', '--git-token-type=bearer'],
  'git-github-app-id': APP,
  'git-github-app-installation-id': APP,
  'git-github-app-private-key-file': APP,
  'git-github-api': [...APP, '--git-github-api=https://h/api/v3'],
  'git-ca-file': ['--git-url=https://h/r', '--git-ca-file=a'],
  'git-tls-cert-file': ['--git-url=https://h/r', '--git-tls-cert-file=a', '--git-tls-key-file=b'],
  'git-tls-key-file': ['--git-url=https://h/r', '--git-tls-cert-file=a', '--git-tls-key-file=b'],
  'git-push-branch-releases': ['--git-push-branch=p', '--git-push-branch-releases'],
  'git-push-branch': ['--git-push-branch=p'],
  'pull-request': PULLS,
  'pull-request-token-file': PULLS,
  'pull-request-api-url': [...PULLS, '--pull-request-api-url=https://h/api'],
  'pull-request-per': ['--git-push-branch=p', '--pull-request-per=workload'],
  'pull-request-labels': [...PULLS, '--pull-request-labels=a'],
  'pull-request-reviewers': [...PULLS, '--pull-request-reviewers=a'],
  'pull-request-auto-merge': [...PULLS, '--pull-request-auto-merge'],
  'pull-request-template': [...PULLS, '--pull-request-template=/a'],
  'registry-cache': ['--registry-cache=disk'],
  'registry-cache-dir': ['--registry-cache=disk', '--registry-cache-dir=/a'],
  'registry-cache-key-file': ['--registry-cache=redis://h', '--registry-cache-key-file=/k'],
  'memcached-hostname': [...MEMCACHED, '--memcached-hostname=h'],
  'memcached-port': [...MEMCACHED, '--memcached-port=1'],
  'memcached-timeout': [...MEMCACHED, '--memcached-timeout=2s'],
  'memcached-service': [...MEMCACHED, '--memcached-service=s'],
  'ssh-keygen-type': ['--ssh-keygen-type=rsa'],
  'ssh-keygen-format': ['--ssh-keygen-format=PEM'],
  'ssh-keygen-dir': ['--ssh-keygen-dir=/a'],
  kustomize: ['--kustomize=auto'],
  ui: ['--ui=off'],
  'substitute-from': ['--substitute-from=configmap/a'],
  'substitute-optional': ['--substitute-from=configmap/a', '--substitute-optional'],
  'generation-sandbox': ['--manifest-generation', '--generation-sandbox=best-effort'],
  'generation-env': ['--manifest-generation', '--generation-env=A'],
  'generation-network': ['--manifest-generation', '--generation-network=a'],
  'generation-network-address': ['--manifest-generation', '--generation-network-address=h:1'],
  'registry-verify': ['--registry-verify=*=cosign:a'],
  'sops-age-key-file': ['--sops', '--sops-age-key-file=/a'],
  'sops-allow-key-service': ['--sops', '--sops-allow-key-service=aws-kms'],
  'webhook-listen': ['--webhook-listen=:1', '--webhook-config=a'],
  'webhook-config': ['--webhook-listen=:1', '--webhook-config=a'],
  'registry-require': ['--registry-require=ecr'],
  'k8s-allow-namespace': ['--k8s-allow-namespace=shop'],
  'k8s-namespace-whitelist': ['--k8s-namespace-whitelist=shop'],
};
const BY_TYPE = { string: 'a', bool: 'true', int: '7', float: '7.5', duration: '7m', list: 'a' } as const;

/** Decide before there is a configuration. */
const NO_CONFIG: readonly FlagName[] = ['config-file', 'version'];

function configOf(...argv: readonly string[]): Config {
  const parsed = parseFlags(argv, { version: '1', environment: {}, readFile: () => '' });
  if (!('config' in parsed)) throw new Error(parsed.stderr);
  return parsed.config;
}

const working = FLAG_NAMES.filter((name) => ['built', 'deprecated'].includes(FLAGS[name].status) && !NO_CONFIG.includes(name));

test.each(working)('--%s changes the configuration, as its status says', (name) => {
  expect(configOf(...(OTHER[name] ?? [`--${name}=${BY_TYPE[FLAGS[name].type]}`]))).not.toEqual(configOf());
});

test('everything in the configuration is read by somebody', () => {
  // A source has either a token or an App, and either a branch or a tag; one that is read-only or rendered proposes nothing.
  const apart = /^(ui|git-github-.*|git-ref|git-readonly|manifest-generation|generation-.*|kustomize)$/;
  const together = working.filter((name) => !apart.test(name));
  const all = {
    ...configOf('--manifest-generation', '--kustomize=auto'),
    ...configOf(...together.flatMap((name) => OTHER[name] ?? [`--${name}=${BY_TYPE[FLAGS[name].type]}`])),
  };
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('config/'))
    .map((file) => readFileSync(join(root, 'src', file), 'utf8'));
  const text = [...sources, readFileSync(join(root, 'bin/fluxd.ts'), 'utf8')].join('\n');
  expect(Object.keys(all).filter((field) => !new RegExp(`config\\.${field}\\b`).test(text))).toEqual([]);
});

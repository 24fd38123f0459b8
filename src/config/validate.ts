import { posix } from 'node:path';
import { isNonEmpty, messageOf } from '../base/index.ts';
import { isDnsLabel } from '../resource/index.ts';
import type { Config, SourceConfig } from './config.ts';
import { deployKeyConfig } from './deploy-key.ts';
import { parseFlagValue, quote } from './flag.ts';
import { FLAG_NAMES, FLAGS, type FlagName, type FlagValues } from './flags.ts';
import { generationConfig } from './generation.ts';
import { ACCESS_FLAGS, isUnencrypted, readAccess } from './git-access.ts';
import { faultOfGitPath } from './git-path.ts';
import { PROPOSAL_FLAGS, readProposals } from './git-proposals.ts';
import { type ListenAddress, parseListenAddress } from './listen-address.ts';
import { oidcConfig } from './oidc.ts';
import { MEMCACHED_FLAGS, NO_MEMCACHED, registryCacheConfig } from './registry-cache.ts';
import { type Settings, shownFlag } from './setting.ts';
import { sopsConfig } from './sops.ts';
import { substitutionConfig } from './substitution.ts';

export interface ConfigProblem {
  readonly message: string;
  /** Flux v1's exit code: 2 for the command line itself, 1 for a start-up check. */
  readonly exit: 1 | 2;
}

/** A warning that does not prevent the start; logged once. */
export interface ConfigWarning {
  readonly flag: FlagName | '';
  readonly message: string;
}

export interface Validated {
  readonly config: Config;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
  readonly idle: readonly IdleFlag[];
}

/** A given flag without effect. */
export interface IdleFlag {
  readonly flag: FlagName;
  readonly why: string;
}

const NOT_NEGATIVE = ['automation-gather', 'automation-gather-max'] as const;
const POSITIVE = [
  'git-poll-interval',
  'git-timeout',
  'sync-interval',
  'sync-timeout',
  'automation-interval',
  'automation-revert-deadline',
] as const;

/** The values of both apply. */
const ALLOW_NAMESPACE = ['k8s-allow-namespace', 'k8s-namespace-whitelist'] as const;

/** Flags that describe the one source of a daemon without such a list. */
const FLAGS_OF_ONE_SOURCE = [
  'git-url',
  'git-branch',
  'git-ref',
  'git-path',
  'git-label',
  'git-sync-tag',
  'git-notes-ref',
  ...ACCESS_FLAGS,
  ...PROPOSAL_FLAGS,
] as const satisfies readonly FlagName[];

/** Flags about commits. */
const FLAGS_OF_COMMITS = [
  'git-user',
  'git-email',
  'git-sync-tag',
  'git-set-author',
  'git-ci-skip',
  'git-ci-skip-message',
] as const satisfies readonly FlagName[];

/** Validates the flags together, by Flux v1's rules, and reports all problems at once. `listed` are the sources of the config file. */
export function validateFlags({ values, origins }: Settings, listed: readonly SourceConfig[]): Validated {
  const problems: ConfigProblem[] = [];
  const fail = (exit: 1 | 2, message: string) => void problems.push({ message, exit });
  const shown = (name: FlagName) => shownFlag(name, origins.get(name));
  const given = FLAG_NAMES.filter((name) => origins.has(name));
  const idle = given.flatMap((name) => idleFlagOf(name, values));
  const warnings: ConfigWarning[] = [
    ...given.flatMap((name) => deprecationOf(name, shown(name), isDefault(name, values[name]))),
    ...idle.map(({ flag, why }) => ({ flag, message: `flag ${shown(flag)} no longer has an effect: ${why}` })),
  ];

  for (const name of FLAG_NAMES) {
    if (FLAGS[name].status === 'unbuilt' && !isDefault(name, values[name]))
      fail(2, `${shown(name)} is not supported yet; remove it, or set it to ${quote(FLAGS[name].default)}`);
  }
  const syncState = values['sync-state'];
  if (syncState !== 'git' && syncState !== 'secret')
    fail(1, `unknown sync state mode ${quote(syncState)} in ${shown('sync-state')}; use "git" or "secret"`);
  if (values['git-ref'] !== '' && origins.has('git-branch'))
    fail(1, `${shown('git-ref')} cannot be combined with ${shown('git-branch')}`);
  if (values['git-readonly']) warnings.push(...effectsOfReadonly(syncState, origins));
  const partialClone = values['git-partial-clone'];
  if (partialClone !== 'auto' && partialClone !== 'off')
    fail(1, `unknown ${shown('git-partial-clone')} ${quote(partialClone)}; use "auto" or "off"`);
  for (const path of values['git-path']) {
    const fault = faultOfGitPath(path);
    if (fault === 'absolute') fail(1, `subdirectory given as ${shown('git-path')} should not have leading forward slash`);
    else if (fault === 'outside') fail(1, `subdirectory given as ${shown('git-path')} should not leave the repository by ".."`);
  }
  for (const name of ['git-branch', 'git-sync-tag', 'git-notes-ref', 'git-label'] as const)
    if (values[name] === '' && (name !== 'git-label' || origins.has(name))) fail(1, `${shown(name)} must not be empty`);
  // Flux v1 took an empty name for all namespaces, which the operator may not have meant.
  for (const flag of ALLOW_NAMESPACE)
    for (const name of values[flag]) if (!isDnsLabel(name)) fail(1, `invalid namespace ${quote(name)} in ${shown(flag)}`);
  for (const name of POSITIVE) if (values[name] <= 0) fail(1, `${shown(name)} must be greater than 0`);
  if (values['registry-cache'] === 'memcached' && values['memcached-timeout'] <= 0)
    fail(1, `${shown('memcached-timeout')} must be greater than 0`);
  for (const name of NOT_NEGATIVE) if (values[name] < 0) fail(1, `${shown(name)} must be at least 0`);
  if (values['sync-garbage-collection-limit'] < 0) fail(1, `${shown('sync-garbage-collection-limit')} must be at least 0`);
  if (!values['registry-disable-scanning']) {
    if (values['registry-burst'] <= 0) fail(1, `${shown('registry-burst')} must be at least 1`);
    if (values['registry-rps'] <= 0) fail(1, `${shown('registry-rps')} must be greater than 0`);
  }

  for (const name of values['registry-require'])
    if (name !== 'ecr') fail(1, `${shown('registry-require')} value ${quote(name)} is not in possible values {ecr}`);

  if (listed.length > 0) {
    for (const name of FLAGS_OF_ONE_SOURCE)
      if (origins.has(name)) fail(1, `${shown(name)} cannot be combined with the sources of --config-file`);
  }

  if (values.kustomize !== 'off' && values.kustomize !== 'auto')
    fail(1, `invalid ${shown('kustomize')} ${quote(values.kustomize)}: use "off" or "auto"`);
  const substitution = substitutionConfig(values, (flag, why) => fail(1, `invalid ${shown(flag)}: ${why}`));
  const generation = generationConfig(values, (flag, why) => fail(1, `invalid ${shown(flag)}: ${why}`));
  const sops = sopsConfig(values, (flag, why) => fail(1, `invalid ${shown(flag)}: ${why}`));
  const hasKeys = values['git-gpg-key-import'].some((path) => path !== '');
  if (sops && !hasKeys && sops.ageKeyFiles.length === 0 && sops.keyServices.length === 0)
    warnings.push({
      flag: 'sops',
      message: `${shown('sops')} is enabled but there is no key for it: use --sops-age-key-file, --git-gpg-key-import or --sops-allow-key-service`,
    });

  const signingFormat = values['git-signing-format'];
  if (signingFormat !== 'gpg' && signingFormat !== 'ssh')
    fail(1, `invalid ${shown('git-signing-format')} ${quote(signingFormat)}; use "gpg" or "ssh"`);
  const signingKey = values['git-signing-key'];
  const badKey = signingKey === '' ? undefined : faultOfSigningKey(signingFormat, signingKey);
  if (badKey !== undefined) fail(1, `invalid ${shown('git-signing-key')} ${quote(signingKey.slice(0, 200))}: ${badKey}`);

  const isOlderForm = values['git-verify-signatures'] && !origins.has('git-verify-signatures-mode');
  const verifyMode = isOlderForm ? 'all' : values['git-verify-signatures-mode'] || 'none';
  const verifies = verifyMode === 'all' || verifyMode === 'first-parent' ? verifyMode : undefined;
  if (verifies === undefined && verifyMode !== 'none') fail(1, `'${verifyMode}' is not a valid git-verify-signatures-mode`);
  const refs = listed.length > 0 ? listed.map(({ ref }) => ref) : [values['git-ref'] || undefined];
  const writes = !values['git-readonly'] && refs.includes(undefined);
  if (verifies !== undefined && signingKey === '' && syncState === 'git' && writes)
    fail(
      1,
      `${shown(isOlderForm ? 'git-verify-signatures' : 'git-verify-signatures-mode')} needs --git-signing-key: the sync tag and the commits of fluxd itself must have valid signatures too`,
    );
  const allowedSigners = values['git-allowed-signers-file'];
  if (allowedSigners !== '' && !posix.isAbsolute(allowedSigners))
    fail(1, `invalid ${shown('git-allowed-signers-file')} ${quote(allowedSigners)}: it must be an absolute path`);

  const [certFile, keyFile] = [values['tls-cert-file'], values['tls-private-key-file']];
  if (certFile !== '' && keyFile === '') fail(1, `${shown('tls-cert-file')} needs --tls-private-key-file`);
  if (keyFile !== '' && certFile === '') fail(1, `${shown('tls-private-key-file')} needs --tls-cert-file`);

  const ui = values.ui === 'off' || values.ui === 'full' ? values.ui : 'read-only';
  if (ui !== values.ui) fail(1, `invalid ${shown('ui')} ${quote(values.ui)}: it must be off, read-only or full`);
  const uiOidc = oidcConfig(values, (flag, why) => fail(1, `invalid ${shown(flag)}: ${why}`));

  const address = (name: 'listen' | 'listen-metrics' | 'webhook-listen'): ListenAddress => {
    try {
      return parseListenAddress(values[name]);
    } catch (error) {
      fail(1, `invalid address ${quote(values[name])} in ${shown(name)}: ${messageOf(error)}`);
      return { host: '', port: 0 };
    }
  };
  for (const [given, missing] of [
    ['webhook-listen', 'webhook-config'],
    ['webhook-config', 'webhook-listen'],
  ] as const)
    if (values[given] !== '' && values[missing] === '') fail(1, `${shown(given)} also needs --${missing}`);
  if (origins.has('git-label')) {
    for (const flag of ['git-sync-tag', 'git-notes-ref'] as const)
      if (origins.has(flag)) warnings.push({ flag, message: `${shown(flag)} is overridden by ${shown('git-label')}` });
  }
  if (origins.get('git-url') === '' && /^[a-z+]+:\/\/[^/?#]*:[^/?#]*@/i.test(values['git-url']))
    warnings.push({
      flag: 'git-url',
      message:
        '--git-url contains a password, which every local process can read from the arguments of fluxd; set the URL in the environment variable FLUXD_GIT_URL, from a Secret, or in the --config-file',
    });
  if (origins.get('registry-cache') === '' && /^rediss?:\/\/[^/]*@/.test(values['registry-cache']))
    warnings.push({
      flag: 'registry-cache',
      message:
        '--registry-cache contains a password, which every local process can read from the arguments of fluxd; set the URL in the environment variable FLUXD_REGISTRY_CACHE, from a Secret, or in the --config-file',
    });
  const isFmtOrJson = values['log-format'] === 'fmt' || values['log-format'] === 'json';
  if (!isFmtOrJson)
    warnings.push({ flag: 'log-format', message: `unknown ${shown('log-format')} ${quote(values['log-format'])}; using fmt` });

  const { access, faults } = readAccess(values['git-url'], values, shown);
  if (listed.length === 0) for (const { flag, why } of faults) fail(1, `${shown(flag)} ${why}`);
  for (const { url, authentication } of listed.length > 0 ? listed : [{ url: values['git-url'], ...access }])
    if (authentication && isUnencrypted(url))
      warnings.push({
        flag: authentication.kind === 'token-file' ? 'git-token-file' : 'git-github-app-id',
        message: 'the Git token is sent unencrypted, since its URL is not https',
      });

  const about = { branch: values['git-branch'], ...optional('ref', values['git-ref']), ...access };
  const { proposals, faults: proposalFaults } = readProposals(about, values, shown);
  if (listed.length === 0) for (const { flag, why } of proposalFaults) fail(1, `${shown(flag)} ${why}`);
  if (values['git-readonly'] && (listed.length > 0 ? listed : [{ proposals }]).some((source) => source.proposals))
    fail(1, `${shown('git-readonly')} cannot be combined with --git-push-branch`);
  if (generation && (listed.length > 0 ? listed : [{ proposals }]).some((source) => source.proposals))
    fail(1, `${shown('manifest-generation')} cannot be combined with --git-push-branch yet`);
  if (values.kustomize === 'auto' && (listed.length > 0 ? listed : [{ proposals }]).some((source) => source.proposals))
    fail(1, `${shown('kustomize')} cannot be combined with --git-push-branch yet`);
  if (values['automation-revert'] && (listed.length > 0 ? listed : [{ proposals }]).some((source) => source.proposals))
    warnings.push({
      flag: 'automation-revert',
      message: '--automation-revert has no effect on a source with --git-push-branch: people decide what is merged and reverted',
    });

  const label = origins.has('git-label') ? values['git-label'] : undefined;
  const sources: Config['sources'] = isNonEmpty(listed)
    ? listed
    : [
        {
          name: 'default',
          url: values['git-url'],
          branch: values['git-branch'],
          ...optional('ref', values['git-ref']),
          paths: values['git-path'],
          syncTag: label ?? values['git-sync-tag'],
          notesRef: label ?? values['git-notes-ref'],
          ...access,
          ...(proposals ? { proposals } : {}),
        },
      ];
  const unusable = (flag: FlagName, why: string) => fail(1, `invalid ${shown(flag)} ${quote(String(values[flag]))}: ${why}`);
  const config: Config = {
    logFormat: values['log-format'] === 'json' ? 'json' : 'fmt',
    listen: address('listen'),
    ui,
    ...(values['listen-metrics'] === '' ? {} : { listenMetrics: address('listen-metrics') }),
    ...(values['webhook-listen'] === ''
      ? {}
      : { webhooks: { listen: address('webhook-listen'), configFile: values['webhook-config'] } }),
    ...(certFile === '' || keyFile === '' ? {} : { tls: { certFile, keyFile } }),
    ...(uiOidc ? { uiOidc } : {}),
    sources,
    gitUser: values['git-user'],
    gitEmail: values['git-email'],
    gitSetAuthor: values['git-set-author'],
    gitCiSkipMessage: values['git-ci-skip-message'] || (values['git-ci-skip'] ? '\n\n[ci skip]' : ''),
    gitReadonly: values['git-readonly'],
    gitPartialClone: partialClone === 'off' ? 'off' : 'auto',
    gitPollIntervalMs: values['git-poll-interval'],
    gitTimeoutMs: values['git-timeout'],
    gitSecret: values['git-secret'],
    gitGpgKeyImport: values['git-gpg-key-import'].filter((path) => path !== ''),
    ...(verifies === undefined ? {} : { gitVerifySignatures: verifies }),
    ...optional('gitAllowedSignersFile', allowedSigners),
    ...(signingKey === '' ? {} : { gitSigning: { format: signingFormat === 'ssh' ? 'ssh' : 'gpg', key: signingKey } }),
    syncState: syncState === 'secret' || values['git-readonly'] ? 'secret' : 'git',
    syncIntervalMs: values['sync-interval'],
    syncTimeoutMs: values['sync-timeout'],
    ...optional('syncWindow', values['sync-window']),
    ...optional('syncFreeze', values['sync-freeze']),
    syncChangeCause: values['sync-change-cause'],
    garbageCollection: values['sync-garbage-collection-dry'] ? 'dry' : values['sync-garbage-collection'] ? 'on' : 'off',
    garbageCollectionLimit: values['sync-garbage-collection-limit'],
    kustomize: values.kustomize === 'auto' ? 'auto' : 'off',
    ...(substitution ? { substitution } : {}),
    ...(generation ? { generation } : {}),
    ...(sops ? { sops } : {}),
    automationIntervalMs: values[automationIntervalFlag(origins)],
    automationPinDigest: values['automation-pin-digest'],
    automationGatherMs: values['automation-gather'],
    automationGatherMaxMs: values['automation-gather-max'],
    automationRevert: values['automation-revert'],
    automationRevertDeadlineMs: values['automation-revert-deadline'],
    automationRevertMessages: values['automation-revert-messages'],
    ...optional('automationWindow', values['automation-window']),
    ...optional('automationFreeze', values['automation-freeze']),
    ...optional('automationMinAge', values['automation-min-age']),
    registryDisableScanning: values['registry-disable-scanning'],
    registryRps: values['registry-rps'],
    registryBurst: values['registry-burst'],
    registryTrace: values['registry-trace'],
    registryInsecureHosts: values['registry-insecure-host'],
    helmInternalHosts: values['helm-internal-host'],
    registryExcludeImages: values['registry-exclude-image'],
    registryIncludeImages: values['registry-include-image'],
    registryUseLabels: values['registry-use-labels'],
    registryVerify: values['registry-verify'],
    ...optional('registryVerifyKeys', values['registry-verify-keys']),
    ...optional('registryVerifyTrustRoot', values['registry-verify-trust-root']),
    ...optional('dockerConfig', values['docker-config']),
    ...(origins.has('registry-ecr-region') ? { registryEcrRegions: values['registry-ecr-region'] } : {}),
    registryEcrIncludeIds: values['registry-ecr-include-id'],
    registryEcrExcludeIds: values['registry-ecr-exclude-id'],
    registryRequire: values['registry-require'].includes('ecr') ? ['ecr'] : [],
    registryCache: registryCacheConfig(values, (flag, why) => fail(1, `invalid ${shown(flag)}: ${why}`)),
    ...optional('k8sDefaultNamespace', values['k8s-default-namespace']),
    k8sAllowNamespaces: [...new Set(ALLOW_NAMESPACE.flatMap((name) => values[name]))],
    k8sExcludeResources: values['k8s-unsafe-exclude-resource'],
    deployKey: deployKeyConfig(values, unusable),
    ...optional('kubeConfig', values['kube-config']),
  };
  return { config: deepFreeze(config), problems, warnings, idle };
}

/** The key becomes an argument of git and gpg. */
function faultOfSigningKey(format: string, key: string): string | undefined {
  if (format === 'ssh') return posix.isAbsolute(key) ? undefined : 'it must be the absolute path of a private key file';
  return /^[\w.@<][\w .@<>+=-]*$/.test(key) ? undefined : 'it must be a key id, a fingerprint, or an e-mail address';
}

/** Worded as in Flux v1. */
function effectsOfReadonly(syncState: string, given: Settings['origins']): readonly ConfigWarning[] {
  const idle = FLAGS_OF_COMMITS.filter((name) => given.has(name));
  return [
    ...(syncState === 'git'
      ? [
          {
            flag: 'sync-state',
            message: '--git-readonly prevents use of --sync-state=git. Forcing to --sync-state=secret',
          } as const,
        ]
      : []),
    ...(idle.length > 0
      ? [
          {
            flag: 'git-readonly',
            message: `Configuring any of {${idle.join(', ')}} has no effect when --git-readonly is set`,
          } as const,
        ]
      : []),
  ];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) deepFreeze(each);
  return Object.freeze(value);
}

function automationIntervalFlag(given: Settings['origins']): 'automation-interval' | 'registry-poll-interval' {
  return given.has('registry-poll-interval') && !given.has('automation-interval')
    ? 'registry-poll-interval'
    : 'automation-interval';
}

function isDefault(name: FlagName, value: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify(parseFlagValue(FLAGS[name].type, FLAGS[name].default));
}

function deprecationOf(flag: FlagName, shown: string, atDefault: boolean): readonly ConfigWarning[] {
  const { status, ...rest } = FLAGS[flag];
  if (status !== 'deprecated' || !('note' in rest) || atDefault) return [];
  return [{ flag, message: `flag ${shown} has been deprecated, ${rest.note}` }];
}

function idleFlagOf(flag: FlagName, values: FlagValues): readonly IdleFlag[] {
  const { status, ...rest } = FLAGS[flag];
  if (status === 'meaningless' && 'note' in rest) return [{ flag, why: rest.note }];
  const isMemcached: boolean = MEMCACHED_FLAGS.some((name) => name === flag);
  return isMemcached && values['registry-cache'] !== 'memcached' ? [{ flag, why: NO_MEMCACHED }] : [];
}

function optional<K extends string>(key: K, text: string): { readonly [P in K]?: string } {
  return text === '' ? {} : ({ [key]: text } as { readonly [P in K]: string });
}

import type { GitAddress } from './address.ts';

export interface SshFiles {
  readonly identityFile?: string;
  readonly knownHostsFile?: string;
}

export interface EnvironmentOptions {
  /** The daemon's own environment; only the names below are taken from it. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly remote?: GitAddress;
  readonly ssh: SshFiles;
  /** Where git is told user and password of the remote (credentials/credential-socket.ts). */
  readonly credentialSocket?: string;
}

type Config = readonly (readonly [key: string, value: string])[];

/** What Flux v1 hands on (HTTP_PROXY is left out on purpose, as there), and PATH. */
const INHERITED = [
  'PATH',
  'HOME',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTPS_PROXY',
  'NO_PROXY',
  'GIT_PROXY_COMMAND',
  'GNUPGHOME',
  'SECRETS_DIR',
  'SECRETS_EXTENSION',
  'CLOUDSDK_CONFIG',
  'CLOUDSDK_PYTHON',
  'NSS_WRAPPER_PASSWD',
  'NSS_WRAPPER_GROUP',
  'LD_PRELOAD',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
];

/** What programs of old wrote into commits, tags and trees that mean the same nevertheless. */
const OLD_METADATA = [
  'badDate',
  'badDateOverflow',
  'badEmail',
  'badName',
  'badTimezone',
  'missingEmail',
  'missingNameBeforeEmail',
  'missingSpaceBeforeDate',
  'missingSpaceBeforeEmail',
  'multipleAuthors',
  'nulInCommit',
  'zeroPaddedDate',
  'zeroPaddedFilemode',
];

/** Submodules are not fetched and attributes not applied, whatever their files say. */
const NEVER_READ = [
  'gitattributesBlob',
  'gitattributesLarge',
  'gitattributesLineLength',
  'gitattributesMissing',
  'gitmodulesBlob',
  'gitmodulesLarge',
  'gitmodulesMissing',
  'gitmodulesName',
  'gitmodulesParse',
  'gitmodulesPath',
  'gitmodulesSymlink',
  'gitmodulesUpdate',
  'gitmodulesUrl',
];

/**
 * Configuration that stands above every file, so that the mirror cannot have a program run:
 * no hooks, no file-system monitor, no templates, no background maintenance, no bundles, no submodules. What is fetched is checked,
 * since a malformed tree may show one reader other files than the next. Redirects are followed by redirect.ts.
 */
const CONFIG: Config = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.askPass', ''],
  ['core.logAllRefUpdates', 'false'],
  ['init.templateDir', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['http.followRedirects', 'false'],
  ['transfer.bundleURI', 'false'],
  ['protocol.ext.allow', 'never'],
  ['protocol.fd.allow', 'never'],
  ['transfer.fsckObjects', 'true'],
  ...[...OLD_METADATA, ...NEVER_READ].map((id) => [`fetch.fsck.${id}`, 'warn'] as const),
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['push.recurseSubmodules', 'no'],
  ['i18n.commitEncoding', 'UTF-8'],
  ['i18n.logOutputEncoding', 'UTF-8'],
];

/** Builds the environment of every git process from nothing. */
export function gitEnvironment({
  inherited,
  remote,
  ssh,
  credentialSocket,
}: EnvironmentOptions): Readonly<Record<string, string>> {
  const environment: Record<string, string> = { PATH: '/usr/local/bin:/usr/bin:/bin' };
  for (const name of INHERITED) {
    const value = inherited[name];
    if (value !== undefined) environment[name] = value;
  }
  const config = [...CONFIG];
  const credentials = remote?.credentials;
  if (credentials && credentialSocket !== undefined) {
    // Git asks a helper only for the scheme, host and port in the key, so another place never gets the password.
    const key = `credential.${credentials.scope}.helper`;
    const ask = `git credential-cache --socket=${shellQuote(credentialSocket)} get`;
    // Only asked, never told: to keep a password for git, its helper would start a daemon when ours does not answer.
    config.push([key, ''], [key, `!f() { [ "$1" != get ] || exec ${ask}; }; f`]);
  }
  Object.assign(environment, {
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    // What it says may run programs, so only a file that the operator names is read, never one that stands in a home directory.
    GIT_CONFIG_GLOBAL: inherited.GIT_CONFIG_GLOBAL || '/dev/null',
    GIT_LITERAL_PATHSPECS: '1',
    // Empty would mean "no limit set"; a transport named none does not exist.
    GIT_ALLOW_PROTOCOL: remote?.protocol ?? 'none',
    GIT_SSH_VARIANT: 'ssh',
    GIT_SSH_COMMAND: sshCommand(ssh),
    ...configVariables(config, 0),
  });
  return environment;
}

/** What to add to an environment of `gitEnvironment` for more configuration. */
export function moreConfig(environment: Readonly<Record<string, string>>, config: Config): Readonly<Record<string, string>> {
  return configVariables(config, Number(environment.GIT_CONFIG_COUNT));
}

function configVariables(config: Config, first: number): Record<string, string> {
  const entries = config.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${first + index}`, key],
    [`GIT_CONFIG_VALUE_${first + index}`, value],
  ]);
  return { ...Object.fromEntries(entries), GIT_CONFIG_COUNT: String(first + config.length) };
}

/** S-011: the host key must be known, nothing is asked, nothing is forwarded, no other program is run. */
function sshCommand({ identityFile, knownHostsFile }: SshFiles): string {
  const options = [
    'StrictHostKeyChecking=yes',
    'BatchMode=yes',
    'ForwardAgent=no',
    'PermitLocalCommand=no',
    'ProxyCommand=none',
    'ControlMaster=no',
    'ControlPath=none',
    'ClearAllForwardings=yes',
    'ConnectTimeout=15',
    'ServerAliveInterval=5',
    'ServerAliveCountMax=3',
    ...(identityFile === undefined ? [] : ['IdentitiesOnly=yes', `IdentityFile=${sshFile(identityFile)}`]),
    ...(knownHostsFile === undefined
      ? []
      : [`UserKnownHostsFile=${sshFile(knownHostsFile)}`, 'GlobalKnownHostsFile=/dev/null', 'UpdateHostKeys=no']),
  ];
  return ['ssh', ...options.map((option) => `-o ${shellQuote(option)}`)].join(' ');
}

/** ssh splits file options at spaces and expands `%`. */
function sshFile(file: string): string {
  return `"${file.replaceAll('%', '%%')}"`;
}

/** Git hands GIT_SSH_COMMAND to a shell. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

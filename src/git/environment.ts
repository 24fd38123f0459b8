import type { GitAddress } from './validate-url.ts';

export interface SshFiles {
  /** Private keys, offered in this order. Without one, ssh offers its default keys. */
  readonly identityFiles?: readonly string[];
  readonly knownHostsFile?: string;
}

export interface EnvironmentOptions {
  /** The daemon's own environment; only the variables below are copied from it. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly asPerson?: true;
  readonly remote?: GitAddress;
  readonly ssh: SshFiles;
  /** Where git gets user and password for one scheme, host and port (credentials/credential-socket.ts). */
  readonly credentials?: { readonly origin: string; readonly socket: string };
  readonly tls?: GitTls;
  /** How git makes and checks signatures; by default not at all. */
  readonly signatures?: SignatureEnvironment;
}

/** Absolute paths of programs and files. */
export interface SignatureEnvironment {
  readonly gpg?: { readonly program: string; readonly home: string };
  readonly sshKeygen?: string;
  readonly signing?: { readonly format: 'gpg' | 'ssh'; readonly key: string };
  /** Who may sign with which SSH key (ssh-keygen(1)). */
  readonly allowedSignersFile?: string;
}

/** Paths of PEM files for an https remote; git reads them for each connection. */
export interface GitTls {
  /** Replaces the certificate authorities of the system. */
  readonly caFile?: string;
  /** Our own certificate and its key. */
  readonly client?: { readonly certFile: string; readonly keyFile: string };
}

export type Config = readonly (readonly [key: string, value: string])[];

/** The variables that Flux v1 passes on (as there, without HTTP_PROXY), and PATH. */
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

/** Harmless defects that old programs wrote into commits, tags and trees. */
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

/** Defects of files that are never used: submodules are not fetched and attributes not applied. */
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
 * Configuration that overrides all files, so that the mirror cannot run programs: no hooks, file-system monitor, templates, background
 * maintenance, bundles or submodules. Fetched objects are checked, since readers may interpret a malformed tree differently. Redirects
 * are followed by redirect.ts.
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
  // Larger blobs are never held in memory, by which a few bytes could expand to gigabytes. Manifests are smaller.
  ['core.bigFileThreshold', '17m'],
  ...[...OLD_METADATA, ...NEVER_READ].map((id) => [`fetch.fsck.${id}`, 'warn'] as const),
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['push.recurseSubmodules', 'no'],
  ['i18n.commitEncoding', 'UTF-8'],
  ['i18n.logOutputEncoding', 'UTF-8'],
];

/** Signs nothing by itself, and runs no program that other configuration names. */
function signatureConfig({ gpg, sshKeygen, signing, allowedSignersFile }: SignatureEnvironment): Config {
  return [
    ['commit.gpgSign', 'false'],
    ['tag.gpgSign', 'false'],
    ['tag.forceSignAnnotated', 'false'],
    ['push.gpgSign', 'false'],
    ['gpg.format', signing?.format === 'ssh' ? 'ssh' : 'openpgp'],
    ['gpg.program', gpg?.program ?? NO_PROGRAM],
    ['gpg.x509.program', NO_PROGRAM],
    // A good signature by a key without trust verifies no tag.
    ['gpg.minTrustLevel', 'fully'],
    ['gpg.ssh.program', sshKeygen ?? NO_PROGRAM],
    ['gpg.ssh.defaultKeyCommand', NO_PROGRAM],
    ['user.signingKey', signing?.key ?? ''],
    ['gpg.ssh.allowedSignersFile', allowedSignersFile ?? '/dev/null'],
  ];
}

/** Where a program must not run. */
const NO_PROGRAM = '/bin/false';

/** Builds the environment of every git process from scratch. */
export function gitEnvironment({
  inherited,
  asPerson,
  remote,
  ssh,
  credentials,
  tls,
  signatures = {},
}: EnvironmentOptions): Readonly<Record<string, string>> {
  const environment: Record<string, string> = { PATH: '/usr/local/bin:/usr/bin:/bin' };
  for (const name of asPerson ? [...INHERITED, 'SSH_AUTH_SOCK', 'XDG_CONFIG_HOME'] : INHERITED) {
    const value = inherited[name];
    if (value !== undefined) environment[name] = value;
  }
  if (signatures.gpg) environment.GNUPGHOME = signatures.gpg.home;
  const config = [...CONFIG, ...signatureConfig(signatures)];
  if (credentials) {
    // Git calls a helper only for the scheme, host and port in the key, so no other server gets the password.
    const key = `credential.${credentials.origin}.helper`;
    const ask = `git credential-cache --socket=${shellQuote(credentials.socket)} get`;
    // Only `get`: for `store` the helper would start a daemon of its own if ours does not respond.
    config.push([key, ''], [key, `!f() { [ "$1" != get ] || exec ${ask}; }; f`]);
  }
  if (remote?.origin !== undefined) config.push(...tlsConfig(remote.origin, tls ?? {}));
  Object.assign(environment, {
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    // This configuration may run programs, so only a file given by the operator is read, never one in a home directory.
    GIT_CONFIG_GLOBAL: inherited.GIT_CONFIG_GLOBAL || '/dev/null',
    GIT_LITERAL_PATHSPECS: '1',
    // An empty value would mean no restriction; a transport named none does not exist.
    GIT_ALLOW_PROTOCOL: remote?.protocol ?? 'none',
    GIT_SSH_VARIANT: 'ssh',
    GIT_SSH_COMMAND: sshCommand(ssh),
    ...configVariables(config, 0),
  });
  return environment;
}

/** Additional variables for more configuration in an environment of `gitEnvironment`. */
export function moreConfig(environment: Readonly<Record<string, string>>, config: Config): Readonly<Record<string, string>> {
  return configVariables(config, Number(environment.GIT_CONFIG_COUNT));
}

/** Configuration that sends a bearer token to one scheme, host and port; an empty header drops those of other configuration. */
export function bearerConfig(origin: string, token: string): Config {
  const key = `http.${origin}/.extraHeader`;
  return [
    [key, ''],
    [key, `Authorization: Bearer ${token}`],
  ];
}

function tlsConfig(origin: string, { caFile, client }: GitTls): Config {
  const place = `http.${origin}/`;
  return [
    ...(caFile === undefined ? [] : [[`${place}.sslCAInfo`, caFile] as const]),
    ...(client === undefined
      ? []
      : ([
          [`${place}.sslCert`, client.certFile],
          [`${place}.sslKey`, client.keyFile],
        ] as const)),
  ];
}

function configVariables(config: Config, first: number): Record<string, string> {
  const entries = config.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${first + index}`, key],
    [`GIT_CONFIG_VALUE_${first + index}`, value],
  ]);
  return { ...Object.fromEntries(entries), GIT_CONFIG_COUNT: String(first + config.length) };
}

/** S-011: the host key must be known; no prompts, no forwarding, no other programs. */
export function sshCommand({ identityFiles = [], knownHostsFile }: SshFiles): string {
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
    ...(identityFiles.length === 0 ? [] : ['IdentitiesOnly=yes']),
    ...identityFiles.map((file) => `IdentityFile=${sshFile(file)}`),
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

/** Git passes GIT_SSH_COMMAND to a shell. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

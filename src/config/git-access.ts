import type { SourceConfig } from './config.ts';

/** The flags that say how a source reaches an http(s) repository. */
export const ACCESS_FLAGS = [
  'git-token-file',
  'git-token-type',
  'git-github-app-id',
  'git-github-app-installation-id',
  'git-github-app-private-key-file',
  'git-github-api',
  'git-ca-file',
  'git-tls-cert-file',
  'git-tls-key-file',
] as const;
type AccessFlag = (typeof ACCESS_FLAGS)[number];

export interface AccessReading {
  readonly access: Pick<SourceConfig, 'authentication' | 'tls'>;
  readonly faults: readonly { readonly flag: AccessFlag; readonly why: string }[];
}

/** Flags that need another one. */
const NEEDS = [
  ['git-tls-cert-file', 'git-tls-key-file'],
  ['git-tls-key-file', 'git-tls-cert-file'],
  ['git-github-app-id', 'git-github-app-installation-id'],
  ['git-github-app-id', 'git-github-app-private-key-file'],
  ['git-github-app-installation-id', 'git-github-app-id'],
  ['git-github-app-private-key-file', 'git-github-app-id'],
] as const satisfies readonly (readonly [AccessFlag, AccessFlag])[];

const HTTP: readonly AccessFlag[] = ['git-token-file', 'git-github-app-id'];
const HTTPS: readonly AccessFlag[] = ['git-ca-file', 'git-tls-cert-file', 'git-tls-key-file'];

/** Reads these flags of one source; an empty one is not set. `shown` is the name of a flag in messages. */
export function readAccess(
  url: string,
  values: Readonly<Record<AccessFlag, string>>,
  shown: (flag: AccessFlag | 'git-url') => string,
): AccessReading {
  const faults: { readonly flag: AccessFlag; readonly why: string }[] = [];
  const fault = (flag: AccessFlag, why: string) => void faults.push({ flag, why });
  const isSet = (flag: AccessFlag) => values[flag] !== '';
  for (const flag of HTTP)
    if (isSet(flag) && !/^https?:\/\//i.test(url)) fault(flag, `needs an http(s) URL in ${shown('git-url')}`);
  for (const flag of HTTPS)
    if (isSet(flag) && !/^https:\/\//i.test(url)) fault(flag, `needs an https URL in ${shown('git-url')}`);
  for (const [flag, other] of NEEDS) if (isSet(flag) && !isSet(other)) fault(flag, `needs ${shown(other)}`);
  const type = values['git-token-type'];
  if (type !== 'basic' && type !== 'bearer') fault('git-token-type', `must be "basic" or "bearer", not ${quoted(type)}`);
  else if (type === 'bearer' && !isSet('git-token-file')) fault('git-token-type', `needs ${shown('git-token-file')}`);
  const chosen = HTTP.filter(isSet);
  for (const flag of chosen)
    if (/^https?:\/\/[^/?#]*:[^/?#]*@/i.test(url)) fault(flag, `cannot be combined with a password in ${shown('git-url')}`);
  if (chosen.length > 1) fault('git-github-app-id', `cannot be combined with ${shown('git-token-file')}`);
  const { 'git-github-app-id': appId, 'git-github-app-installation-id': installationId, 'git-github-api': api } = values;
  if (!/^([A-Za-z0-9][\w.-]{0,99})?$/.test(appId))
    fault('git-github-app-id', `must be a number or a client ID, not ${quoted(appId)}`);
  if (!/^\d{0,20}$/.test(installationId))
    fault('git-github-app-installation-id', `must be a number, not ${quoted(installationId)}`);
  if (!isApi(api)) fault('git-github-api', 'must be an https URL, without user, query and fragment');

  const { 'git-ca-file': caFile, 'git-tls-cert-file': certFile, 'git-tls-key-file': keyFile } = values;
  const tls = { ...(caFile === '' ? {} : { caFile }), ...(certFile === '' ? {} : { client: { certFile, keyFile } }) };
  const authentication = authenticationOf(values);
  return {
    access: { ...(authentication ? { authentication } : {}), ...(Object.keys(tls).length === 0 ? {} : { tls }) },
    faults,
  };
}

function authenticationOf(values: Readonly<Record<AccessFlag, string>>): SourceConfig['authentication'] {
  if (values['git-token-file'] !== '')
    return {
      kind: 'token-file',
      file: values['git-token-file'],
      type: values['git-token-type'] === 'bearer' ? 'bearer' : 'basic',
    };
  if (values['git-github-app-id'] === '') return undefined;
  return {
    kind: 'github-app',
    appId: values['git-github-app-id'],
    installationId: values['git-github-app-installation-id'],
    privateKeyFile: values['git-github-app-private-key-file'],
    api: values['git-github-api'],
  };
}

/** Whether passwords and tokens travel unencrypted to another machine. */
export function isUnencrypted(url: string): boolean {
  const { protocol, hostname } = URL.parse(url) ?? {};
  return protocol === 'http:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname ?? '');
}

function isApi(text: string): boolean {
  const { protocol, username, password } = URL.parse(text) ?? {};
  const isSafe = protocol === 'https:' || (protocol === 'http:' && !isUnencrypted(text));
  return isSafe && username === '' && password === '' && !/[?#]/.test(text);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

import type { SourceConfig } from './config.ts';

/** The flags that say how a source reaches an http(s) repository. */
export const ACCESS_FLAGS = ['git-token-file', 'git-token-type', 'git-ca-file', 'git-tls-cert-file', 'git-tls-key-file'] as const;
type AccessFlag = (typeof ACCESS_FLAGS)[number];

export interface AccessReading {
  readonly access: Pick<SourceConfig, 'authentication' | 'tls'>;
  readonly faults: readonly { readonly flag: AccessFlag; readonly why: string }[];
}

/** Pairs of which one needs the other. */
const NEEDS = [
  ['git-tls-cert-file', 'git-tls-key-file'],
  ['git-tls-key-file', 'git-tls-cert-file'],
] as const satisfies readonly (readonly [AccessFlag, AccessFlag])[];

const HTTP: readonly AccessFlag[] = ['git-token-file'];
const HTTPS: readonly AccessFlag[] = ['git-ca-file', 'git-tls-cert-file', 'git-tls-key-file'];

/** Reads these flags of one source; an empty one is not set. `shown` is the name of a flag in messages. */
export function readAccess(
  url: string,
  values: Readonly<Record<AccessFlag, string>>,
  shown: (flag: AccessFlag | 'git-url') => string,
): AccessReading {
  const faults: { readonly flag: AccessFlag; readonly why: string }[] = [];
  const isSet = (flag: AccessFlag) => values[flag] !== '';
  const need = (flags: readonly AccessFlag[], scheme: RegExp, text: string) => {
    for (const flag of flags)
      if (isSet(flag) && !scheme.test(url)) faults.push({ flag, why: `needs ${text} in ${shown('git-url')}` });
  };
  need(HTTP, /^https?:\/\//i, 'an http(s) URL');
  need(HTTPS, /^https:\/\//i, 'an https URL');
  for (const [flag, other] of NEEDS) if (isSet(flag) && !isSet(other)) faults.push({ flag, why: `needs ${shown(other)}` });
  const type = values['git-token-type'];
  if (type !== 'basic' && type !== 'bearer')
    faults.push({ flag: 'git-token-type', why: `must be "basic" or "bearer", not ${JSON.stringify(type.slice(0, 40))}` });
  else if (type === 'bearer' && !isSet('git-token-file'))
    faults.push({ flag: 'git-token-type', why: `needs ${shown('git-token-file')}` });
  if (isSet('git-token-file') && /^https?:\/\/[^/?#]*:[^/?#]*@/i.test(url))
    faults.push({ flag: 'git-token-file', why: `cannot be combined with a password in ${shown('git-url')}` });

  const { 'git-ca-file': caFile, 'git-tls-cert-file': certFile, 'git-tls-key-file': keyFile } = values;
  const tls = {
    ...(caFile === '' ? {} : { caFile }),
    ...(certFile === '' ? {} : { client: { certFile, keyFile } }),
  };
  return {
    access: {
      ...(isSet('git-token-file')
        ? { authentication: { kind: 'token-file', file: values['git-token-file'], type: type === 'bearer' ? 'bearer' : 'basic' } }
        : {}),
      ...(Object.keys(tls).length === 0 ? {} : { tls }),
    },
    faults,
  };
}

/** Whether passwords and tokens travel unencrypted to another machine. */
export function isUnencrypted(url: string): boolean {
  const { protocol, hostname } = URL.parse(url) ?? {};
  return protocol === 'http:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname ?? '');
}

import type { FlagName, FlagValues } from './flags.ts';

/** The OpenID Connect provider at which users of the web page sign in. */
export interface OidcConfig {
  /** An https URL, as the provider writes it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Absent for a public client. */
  readonly clientSecretFile?: string;
  readonly usernamePrefix: string;
  readonly groupsPrefix: string;
}

const NEEDED = ['ui-oidc-issuer', 'ui-oidc-client-id', 'ui-oidc-username-prefix', 'ui-oidc-groups-prefix'] as const;
const ALL = [...NEEDED, 'ui-oidc-client-secret-file'] as const satisfies readonly FlagName[];
const PREFIXES = ['ui-oidc-username-prefix', 'ui-oidc-groups-prefix'] as const;

/** The flags of OpenID Connect; undefined without them. `fail` is called for each that cannot be used. */
export function oidcConfig(values: FlagValues, fail: (flag: FlagName, why: string) => void): OidcConfig | undefined {
  const given = ALL.find((flag) => values[flag] !== '');
  if (given === undefined) return undefined;
  for (const flag of NEEDED) if (values[flag] === '') fail(given, `it needs --${flag}`);
  if (values['tls-cert-file'] === '') fail(given, 'it needs --tls-cert-file, since users sign in by TLS only');
  if (values.ui === 'off') fail(given, 'there is no web page with --ui=off');
  const issuer = values['ui-oidc-issuer'];
  if (issuer !== '' && !isIssuer(issuer))
    fail('ui-oidc-issuer', 'it must be an https URL without user, password, query and fragment');
  for (const flag of PREFIXES)
    if (values[flag].startsWith('system:')) fail(flag, 'names that begin with "system:" are reserved for Kubernetes');
  const secretFile = values['ui-oidc-client-secret-file'];
  return {
    issuer,
    clientId: values['ui-oidc-client-id'],
    ...(secretFile === '' ? {} : { clientSecretFile: secretFile }),
    usernamePrefix: values['ui-oidc-username-prefix'],
    groupsPrefix: values['ui-oidc-groups-prefix'],
  };
}

/** OpenID Connect Discovery 1.0, section 3. */
function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && !/[?#]/.test(text);
}

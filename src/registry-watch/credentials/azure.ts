import { type HttpResponse, messageOf, Secret } from '../../base/index.ts';
import { jsonObjectIn } from '../parsed-json.ts';
import { type AzureConfig, type AzureIdentity, azureIdentity, parseAzureConfig } from './azure-identity.ts';
import { type CloudRequester, recordIn } from './cloud-request.ts';
import { type Credential, createCredential } from './credential.ts';
import { noCredential } from './no-credential.ts';
import type { GrantingService } from './provider.ts';
import type { Grant } from './renewal.ts';

/** Container Registry, in each of Azure's clouds. */
const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.azurecr\.(io|cn|de|us)$/;

/** Where workload identities sign in, by the end of the registry's host. */
const AUTHORITIES: Readonly<Record<string, string>> = {
  cn: 'https://login.partner.microsoftonline.cn/',
  us: 'https://login.microsoftonline.us/',
};
const PUBLIC_AUTHORITY = 'https://login.microsoftonline.com/';

/** The file of Flux v1, from the node or a Secret. */
const CONFIG_FILE = '/etc/kubernetes/azure.json';
/** A token for this audience is of no use outside registries. It is the same in all clouds. */
const AUDIENCE = 'https://containerregistry.azure.net';
/** The user name for a refresh token. */
const TOKEN_USER = '00000000-0000-0000-0000-000000000000';
const METADATA = 'http://169.254.169.254';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** A file may be mounted from a Secret, so it is read again. */
const FILE_LIFE_MS = 60_000;
/** Of a refresh token that does not state its end; registries grant three hours. */
const DEFAULT_LIFE_MS = 3_600_000;

const HELP =
  'Give the identity of fluxd the role AcrPull on the registry. It is a service principal in /etc/kubernetes/azure.json (registry.acr in the chart), a workload identity (AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE), or the managed identity of the machine (registry.metadata=azure in the chart). Otherwise use an imagePullSecret or --docker-config.';

export interface AzureOptions {
  /** Its AZURE_POD_IDENTITY_AUTHORITY_HOST replaces the address of the metadata service, as in Azure's own libraries. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
  readonly ask: CloudRequester;
}

/**
 * Azure Container Registry: a service principal is user and password at the registry (Flux v1); a token of a workload or managed identity
 * is exchanged at the registry for a refresh token.
 */
export function azureTokens({ environment, readFile, ask }: AzureOptions): GrantingService {
  const readConfig = async (): Promise<AzureConfig | undefined> => {
    let text: string;
    try {
      text = await readFile(CONFIG_FILE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw noCredential(`${CONFIG_FILE}: ${messageOf(error)}`, HELP, error);
    }
    const config = parseAzureConfig(text);
    if (!config) throw noCredential(`${CONFIG_FILE} is not a JSON object`, HELP);
    return config;
  };

  /** From Azure's token service, for what Kubernetes says about the service account. */
  const workloadToken = async (identity: AzureIdentity & { kind: 'workload identity' }, host: string): Promise<string> => {
    const { clientId, tenantId, tokenFile } = identity;
    const authority = identity.authority ?? AUTHORITIES[HOST.exec(host)?.[1] ?? ''] ?? PUBLIC_AUTHORITY;
    const url = URL.parse(`${authority.replace(/\/*$/, '/')}${encodeURIComponent(tenantId)}/oauth2/v2.0/token`);
    if (url?.protocol !== 'https:') throw noCredential('AZURE_AUTHORITY_HOST is not an https URL', HELP);
    let assertion: Secret;
    try {
      assertion = new Secret((await readFile(tokenFile)).trim());
    } catch (error) {
      throw noCredential(`AZURE_FEDERATED_TOKEN_FILE: ${messageOf(error)}`, HELP, error);
    }
    return ask({
      method: 'POST',
      url,
      headers: FORM,
      body: form({
        grant_type: 'client_credentials',
        client_id: clientId,
        scope: `${AUDIENCE}/.default`,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion.reveal(),
      }),
      reach: 'private',
      secrets: [assertion],
      read: textIn('access_token'),
      help: HELP,
    });
  };

  const managedToken = ({ clientId }: AzureIdentity & { kind: 'managed identity' }): Promise<string> => {
    const url = new URL('/metadata/identity/oauth2/token', environment.AZURE_POD_IDENTITY_AUTHORITY_HOST || METADATA);
    url.searchParams.set('api-version', '2018-02-01');
    url.searchParams.set('resource', AUDIENCE);
    if (clientId !== undefined) url.searchParams.set('client_id', clientId);
    return ask({ url, headers: { metadata: 'true' }, read: textIn('access_token'), help: HELP });
  };

  const exchange = async (host: string, token: Secret, source: string): Promise<Grant<Credential>> => {
    const refreshToken = await ask({
      method: 'POST',
      url: new URL(`https://${host}/oauth2/exchange`),
      headers: FORM,
      body: form({ grant_type: 'access_token', service: host, access_token: token.reveal() }),
      reach: 'private',
      secrets: [token],
      read: textIn('refresh_token'),
      help: HELP,
    });
    return { value: createCredential(host, TOKEN_USER, refreshToken, source), ...lifeOf(refreshToken) };
  };

  return {
    name: 'Azure',
    serves: (host) => HOST.test(host),
    async request(host) {
      const identity = azureIdentity(await readConfig(), environment);
      const source = `Azure ${identity.kind}`;
      switch (identity.kind) {
        case 'service principal':
          return {
            value: createCredential(host, identity.clientId, identity.clientSecret, source),
            lifeMs: FILE_LIFE_MS,
          };
        case 'workload identity':
          return exchange(host, new Secret(await workloadToken(identity, host)), source);
        case 'managed identity':
          return exchange(host, new Secret(await managedToken(identity)), source);
      }
    },
  };
}

/** The end that a token states, which only the registry can verify. */
function lifeOf(token: string): { readonly expiresAt: number } | { readonly lifeMs: number } {
  const expires = jsonObjectIn(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))?.exp;
  return typeof expires === 'number' ? { expiresAt: expires * 1000 } : { lifeMs: DEFAULT_LIFE_MS };
}

function textIn(name: string): (response: HttpResponse) => string | undefined {
  return (response) => {
    const value = recordIn(response)?.[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
}

function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

import { jsonObjectIn } from '../parsed-json.ts';

/** Who fluxd is to Azure. */
export type AzureIdentity =
  /** Its id and secret are user name and password at the registry. */
  | { readonly kind: 'service principal'; readonly clientId: string; readonly clientSecret: string }
  /** The webhook of workload identity mounts a token of the Kubernetes service account. */
  | {
      readonly kind: 'workload identity';
      readonly clientId: string;
      readonly tenantId: string;
      readonly tokenFile: string;
      /** Where the token is exchanged, `https://login.microsoftonline.com/`; by default that of the registry's cloud. */
      readonly authority: string | undefined;
    }
  /** Of the machine; without an id it is the only one. */
  | { readonly kind: 'managed identity'; readonly clientId: string | undefined };

/** The part of `/etc/kubernetes/azure.json` that is used. */
export interface AzureConfig {
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly managedIdentity: string | undefined;
}

/** Undefined if the text is not a JSON object. */
export function parseAzureConfig(text: string): AzureConfig | undefined {
  const fields = jsonObjectIn(text);
  const textOf = (name: string) => {
    const value = fields?.[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return (
    fields && {
      clientId: textOf('aadClientId'),
      clientSecret: textOf('aadClientSecret'),
      managedIdentity: textOf('userAssignedIdentityID'),
    }
  );
}

/** AKS writes this as id and secret of nodes that have a managed identity. */
const MANAGED = 'msi';

/** A service principal of the file comes first (Flux v1), then what the webhook of workload identity set in the environment. */
export function azureIdentity(
  config: AzureConfig | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): AzureIdentity {
  const { clientId, clientSecret, managedIdentity } = config ?? {};
  if (clientId !== undefined && clientSecret !== undefined && clientId !== MANAGED)
    return { kind: 'service principal', clientId, clientSecret };
  const { AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE, AZURE_AUTHORITY_HOST } = environment;
  if (AZURE_CLIENT_ID && AZURE_TENANT_ID && AZURE_FEDERATED_TOKEN_FILE)
    return {
      kind: 'workload identity',
      clientId: AZURE_CLIENT_ID,
      tenantId: AZURE_TENANT_ID,
      tokenFile: AZURE_FEDERATED_TOKEN_FILE,
      authority: AZURE_AUTHORITY_HOST || undefined,
    };
  return { kind: 'managed identity', clientId: AZURE_CLIENT_ID || managedIdentity };
}

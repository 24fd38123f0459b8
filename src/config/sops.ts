import { plainOrigin } from '../base/index.ts';
import type { FlagName, FlagValues } from './flags.ts';

/** What decrypts files that sops encrypted. */
export interface SopsConfig {
  /** Files of age keys. */
  readonly ageKeyFiles: readonly string[];
  readonly keyServices: readonly KeyService[];
}

/** A key service that fluxd may ask for data keys. */
export type KeyService =
  /** `keys` is a pattern, in which `*` is any text. The hosts are those of the cloud alone: no key names another. */
  | { readonly kind: 'kms' | 'gcp_kms'; readonly keys: string }
  /** Each key names the host that credentials are sent to: only this one is allowed. */
  | { readonly kind: 'azure_kv' | 'hc_vault'; readonly origin: string };

/** The flags of decryption; undefined without it. `fail` is called for each that cannot be used. */
export function sopsConfig(values: FlagValues, fail: (flag: FlagName, why: string) => void): SopsConfig | undefined {
  const services = values['sops-allow-key-service'].filter((text) => text !== '').map(parseKeyService);
  for (const service of services) if ('problem' in service) fail('sops-allow-key-service', service.problem);
  const ageKeyFiles = values['sops-age-key-file'].filter((path) => path !== '');
  for (const flag of ['sops-age-key-file', 'sops-allow-key-service'] as const)
    if (!values.sops && values[flag].some((text) => text !== '')) fail(flag, 'it needs --sops');
  if (!values.sops) return undefined;
  return { ageKeyFiles, keyServices: services.filter((service): service is KeyService => !('problem' in service)) };
}

/** A service as the flag names it; or why the text names none. */
function parseKeyService(text: string): KeyService | { readonly problem: string } {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? undefined : text.slice(at + 1);
  switch (name) {
    case 'aws-kms':
    case 'gcp-kms':
      if (value === '') return { problem: `${name}= names no key` };
      return { kind: name === 'aws-kms' ? 'kms' : 'gcp_kms', keys: value ?? '*' };
    case 'azure-kv':
      return hostOf('azure_kv', value, 'azure-kv=https://NAME.vault.azure.net', ['https:']);
    case 'vault':
      return hostOf('hc_vault', value, 'vault=https://vault.example.org', ['https:', 'http:']);
    default:
      return {
        problem: `there is no key service ${JSON.stringify(name.slice(0, 100))}; use aws-kms, gcp-kms, azure-kv=URL or vault=URL`,
      };
  }
}

function hostOf(
  kind: 'azure_kv' | 'hc_vault',
  address: string | undefined,
  example: string,
  schemes: readonly string[],
): KeyService | { readonly problem: string } {
  const origin = plainOrigin(address ?? '');
  if (origin === undefined || !schemes.some((scheme) => origin.startsWith(scheme)))
    return {
      problem: `encrypted files name the host of this service, so the flag must name the one that is allowed: ${example}`,
    };
  return { kind, origin };
}

import { matchGlob, plainOrigin } from '../../base/index.ts';
import type { MasterKey } from './metadata.ts';

/** A key service that fluxd may ask for data keys, as `--sops-allow-key-service` names it. */
export type KeyService =
  /** `keys` is a pattern, in which `*` is any text. Both have hosts of their own, and no key names another. */
  | { readonly kind: 'kms' | 'gcp_kms'; readonly keys: string }
  /** The key names the host to which credentials are sent, so `origin` is the only one that it may name. */
  | { readonly kind: 'azure_kv' | 'hc_vault'; readonly origin: string };

/** The words of the flag. */
export const SERVICE_NAMES = { kms: 'aws-kms', gcp_kms: 'gcp-kms', azure_kv: 'azure-kv', hc_vault: 'vault' } as const;

export type ServiceKey = Extract<MasterKey, { readonly kind: keyof typeof SERVICE_NAMES }>;

/** What sops takes the host from; a region with other characters could be part of another one. */
const ARN = /^arn:aws[a-z-]{0,20}:kms:[a-z]{2,4}(?:-[a-z]{1,12}){1,3}-\d{1,2}:\d{12}:(?:key|alias)\/[\w/-]{1,256}$/;
const RESOURCE =
  /^projects\/[\w.:-]{1,100}\/locations\/[\w-]{1,63}\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}(?:\/cryptoKeyVersions\/\d{1,9})?$/;
/** Parts of a path that stay below the address. */
const PATH = /^[\w-][\w.-]{0,200}(?:\/[\w-][\w.-]{0,200}){0,8}$/;
const NAME = /^[\w-][\w.-]{0,200}$/;

export function isServiceKey(key: MasterKey): key is ServiceKey {
  return key.kind in SERVICE_NAMES;
}

/**
 * Whether a key leads to a service that is allowed, and nowhere else. A key with a `role` does not: fluxd asks as itself, and takes no
 * role that a repository chooses.
 */
export function isAllowed(key: ServiceKey, services: readonly KeyService[]): boolean {
  switch (key.kind) {
    case 'kms':
      return !key.role && ARN.test(key.arn) && isAmong(services, key.kind, key.arn);
    case 'gcp_kms':
      return RESOURCE.test(key.resource_id) && isAmong(services, key.kind, key.resource_id);
    case 'azure_kv':
      return NAME.test(key.name) && (key.version === '' || NAME.test(key.version)) && isAt(services, key.kind, key.vault_url);
    case 'hc_vault':
      return PATH.test(key.engine_path) && NAME.test(key.key_name) && isAt(services, key.kind, key.vault_address);
  }
}

/** What answers for a key, as far as it answers or hangs as a whole: a region of AWS, Google's service, or an address. */
export function serviceOf(key: ServiceKey): string {
  switch (key.kind) {
    case 'kms':
      return `kms ${key.arn.split(':', 4).join(':')}`;
    case 'gcp_kms':
      return key.kind;
    case 'azure_kv':
      return `azure_kv ${plainOrigin(key.vault_url)}`;
    case 'hc_vault':
      return `hc_vault ${plainOrigin(key.vault_address)}`;
  }
}

function isAmong(services: readonly KeyService[], kind: ServiceKey['kind'], name: string): boolean {
  return services.some((service) => service.kind === kind && 'keys' in service && matchGlob(service.keys, name));
}

function isAt(services: readonly KeyService[], kind: ServiceKey['kind'], address: string): boolean {
  const origin = plainOrigin(address);
  return services.some((service) => service.kind === kind && 'origin' in service && service.origin === origin);
}

/** The key as sops gets it: without the name of a profile, whose settings are not those of fluxd and may run a program. */
export function withoutProfile(key: MasterKey): MasterKey {
  return key.kind === 'kms' ? { ...key, aws_profile: '' } : key;
}

import { getDomain } from 'tldts';
import { isWithin, networkOfHost, type Reach } from '../base/index.ts';

/** Token services of registries in another domain than their own. */
const KNOWN_REALMS: Readonly<Record<string, readonly string[]>> = {
  'registry-1.docker.io': ['auth.docker.io'],
  'registry.gitlab.com': ['gitlab.com'],
};

/** Domains whose subdomains belong to different customers, but which the public suffix list lacks. */
const SHARED_DOMAINS: readonly string[] = [
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazonwebservices.com.cn',
  'azurecr.io',
  'azurecr.cn',
  'azurecr.de',
  'azurecr.us',
  'cluster.local',
  'gcr.io',
  'jfrog.io',
  'on.aws',
  'pkg.dev',
  'scw.cloud',
];

/**
 * Whether the token service at `realm`, given by the registry, may receive the credentials for that registry (S-050): it must be the
 * registry's own host, a known one, or in the same registrable domain (`registry.example.com` and `gitlab.example.com`), unless that
 * domain is shared by many owners. TLS is required, unless the registry itself uses plain HTTP.
 */
export function mayReceiveCredentials(registry: URL, realm: URL): boolean {
  if (realm.protocol !== 'https:' && realm.protocol !== registry.protocol) return false;
  if (realm.host === registry.host) return true;
  if (KNOWN_REALMS[registry.host]?.includes(realm.host)) return true;
  const site = registrableDomain(registry.hostname);
  return site !== undefined && site === registrableDomain(realm.hostname);
}

/**
 * Whether a registry may refer us to another address, by redirect or as a token service (S-012, S-051): never from TLS to plain HTTP,
 * and only within `reach`, judged by the address. The connection itself checks the addresses that its name resolves to.
 */
export function mayBeSentTo(from: URL, to: URL, reach: Reach): boolean {
  if (to.username !== '' || to.password !== '') return false;
  if (to.protocol !== 'https:' && (to.protocol !== 'http:' || from.protocol !== 'http:')) return false;
  return to.hostname === from.hostname || isWithin(networkOfHost(to.hostname), reach);
}

/** Undefined for addresses, bare names, public suffixes (including private ones) and shared domains. */
function registrableDomain(hostname: string): string | undefined {
  const name = hostname.toLowerCase().replace(/\.$/, '');
  if (SHARED_DOMAINS.some((suffix) => name === suffix || name.endsWith(`.${suffix}`))) return undefined;
  return getDomain(name, { allowPrivateDomains: true }) ?? undefined;
}

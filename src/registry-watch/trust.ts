import { BlockList, isIP } from 'node:net';

/** Token services that belong to a registry under another domain than its own. */
const KNOWN_REALMS: Readonly<Record<string, readonly string[]>> = {
  'registry-1.docker.io': ['auth.docker.io'],
  'registry.gitlab.com': ['gitlab.com'],
};

/** Domains whose subdomains belong to different customers: sharing them proves nothing. */
const SHARED_DOMAINS: readonly string[] = [
  'amazonaws.com',
  'azurecr.io',
  'azurewebsites.net',
  'cloudfront.net',
  'github.io',
  'googleapis.com',
  'herokuapp.com',
  'jfrog.io',
  'pkg.dev',
  'run.app',
  'scw.cloud',
  'svc.cluster.local',
  'cluster.local',
];

/**
 * Whether the token service at `realm`, which the registry named, may be given the credentials for that registry (S-050): it is the
 * registry's own host, one known for it, or lies in the same registrable domain (`registry.example.com` and `gitlab.example.com`),
 * where that domain is not one that many owners share. Always over TLS, unless the registry itself is reached without.
 */
export function mayReceiveCredentials(registry: URL, realm: URL): boolean {
  if (realm.protocol !== 'https:' && realm.protocol !== registry.protocol) return false;
  if (realm.host === registry.host) return true;
  if (KNOWN_REALMS[registry.host]?.includes(realm.host)) return true;
  const site = registrableDomain(registry.hostname);
  return site !== undefined && site === registrableDomain(realm.hostname);
}

/**
 * Whether a registry may send us to another address, by redirect or as a token service (S-012, S-051): never from TLS to plain
 * HTTP, and never to an address inside the network unless the registry itself is one. Link-local addresses (cloud metadata) never.
 */
export function mayBeSentTo(from: URL, to: URL): boolean {
  if (to.username !== '' || to.password !== '') return false;
  if (to.protocol !== 'https:' && (to.protocol !== 'http:' || from.protocol !== 'http:')) return false;
  if (to.hostname === from.hostname) return true;
  const inside = networkOf(to.hostname);
  return inside === 'public' || (inside === 'private' && networkOf(from.hostname) === 'private');
}

/** Last two labels of a host name, three under country domains such as `co.uk`; undefined for addresses, bare names and shared domains. */
function registrableDomain(hostname: string): string | undefined {
  const labels = hostname.toLowerCase().replace(/\.$/, '').split('.');
  if (isIP(hostname) !== 0 || hostname.startsWith('[') || labels.length < 2) return undefined;
  const [second = '', top = ''] = labels.slice(-2);
  const domain = labels.slice(top.length === 2 && second.length <= 3 ? -3 : -2);
  const text = domain.join('.');
  const shared = SHARED_DOMAINS.some((suffix) => text === suffix || hostname.endsWith(`.${suffix}`));
  return shared || (domain.length === 2 && top.length === 2 && second.length <= 3) ? undefined : text;
}

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');
const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv4');
}
PRIVATE.addSubnet('::', 127, 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');

function networkOf(hostname: string): 'public' | 'private' | 'link-local' {
  const address = hostname.replace(/^\[|\]$/g, '');
  const version = isIP(address);
  if (version === 0) {
    const name = hostname.toLowerCase().replace(/\.$/, '');
    if (name === 'metadata.google.internal') return 'link-local';
    return !name.includes('.') || /\.(?:localhost|local|internal|svc)$/.test(name) ? 'private' : 'public';
  }
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (LINK_LOCAL.check(address, family)) return 'link-local';
  return PRIVATE.check(address, family) ? 'private' : 'public';
}

import { BlockList, isIP } from 'node:net';

/**
 * The network of a host: public, internal (a cluster, a company), or forbidden. Forbidden addresses are never contacted, since attackers
 * redirect to them: metadata services of clouds, link-local and multicast addresses.
 */
export type Network = 'public' | 'private' | 'forbidden';

/** The networks that a request may reach: only public addresses, or also internal ones. Never `forbidden`. */
export type Reach = 'public' | 'private';

export function isWithin(network: Network, reach: Reach): boolean {
  return network === 'public' || network === reach;
}

/** Classifies a host name or address by its text; names are not resolved. */
export function networkOfHost(hostname: string): Network {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) return networkOfAddress(address);
  const name = hostname.toLowerCase().replace(/\.$/, '');
  if (METADATA_NAMES.includes(name)) return 'forbidden';
  return !name.includes('.') || /\.(?:localhost|local|internal|svc|home\.arpa)$/.test(name) ? 'private' : 'public';
}

/** Classifies an IP address without brackets; an address that embeds an IPv4 address has that one's network. */
export function networkOfAddress(address: string): Network {
  const text = address.replace(/%.*$/, '');
  const version = isIP(text);
  if (version === 0) return 'forbidden';
  if (version === 6) {
    const embedded = embeddedIpv4(groupsOf(text));
    if (embedded !== undefined) return networkOfAddress(embedded);
  }
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (FORBIDDEN.check(text, family)) return 'forbidden';
  return PRIVATE.check(text, family) ? 'private' : 'public';
}

const METADATA_NAMES: readonly string[] = [
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'instance-data',
  'instance-data.ec2.internal',
];

function blockList(subnets: readonly (readonly [net: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, isIP(net) === 4 ? 'ipv4' : 'ipv6');
  return list;
}

const FORBIDDEN = blockList([
  ['169.254.0.0', 16],
  // Metadata services outside the link-local network: Alibaba Cloud, Oracle Cloud, Azure; AWS and Google Cloud over IPv6.
  ['100.100.100.200', 32],
  ['192.0.0.192', 32],
  ['168.63.129.16', 32],
  ['fd00:ec2::', 32],
  ['fd20:ce::', 32],
  // Multicast, reserved, broadcast.
  ['224.0.0.0', 3],
  ['fe80::', 10],
  ['ff00::', 8],
]);

const PRIVATE = blockList([
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['::', 127],
  // NAT64 within a site, Teredo, unique local and site-local addresses.
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['fc00::', 7],
  ['fec0::', 10],
]);

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  // The URL parser formats an IPv4 tail in hexadecimal.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const read = (text: string | undefined) => (text ? text.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const [first, last] = [read(head), read(tail)];
  return tail === undefined ? first : [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/** IPv4-mapped and -compatible (RFC 4291), NAT64 (RFC 6052) and 6to4 (RFC 3056) addresses lead to the IPv4 address in them. */
function embeddedIpv4(groups: readonly number[]): string | undefined {
  const [first, second, third] = groups;
  const isZero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0);
  if (first === 0x2002) return ipv4(second, third);
  const isMapped = isZero(0, 5) && groups[5] === 0xffff;
  const isCompatible = isZero(0, 6) && (groups[6] !== 0 || (groups[7] ?? 0) > 1);
  const isNat64 = first === 0x64 && second === 0xff9b && isZero(2, 6);
  return isMapped || isCompatible || isNat64 ? ipv4(groups[6], groups[7]) : undefined;
}

function ipv4(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

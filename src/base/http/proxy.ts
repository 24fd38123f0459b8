import { BlockList, isIP } from 'node:net';
import { FluxError } from '../errors.ts';
import { percentDecoded } from '../percent-decoded.ts';
import { networkOfHost } from './network.ts';

/** Environment variables for proxies; both spellings are in use, lower case wins. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL from the environment, as in Go's and most other HTTP clients: `HTTPS_PROXY` or `HTTP_PROXY` by the URL's scheme,
 * unless `NO_PROXY` contains the host. Metadata services are on the machine, so they never use one.
 * @throws FluxError `http/bad-proxy` if it is not a URL; does not quote it, since it may have a password.
 */
export function proxyFor(url: string | URL, env: ProxyEnvironment): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const read = (name: string) => env[name.toLowerCase()] || env[name] || '';
  const variable = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = read(variable);
  if (proxy === '' || networkOfHost(hostname) === 'forbidden') return undefined;
  const exclusions = read('NO_PROXY').toLowerCase().split(',');
  const onPort = port || (protocol === 'https:' ? '443' : '80');
  if (exclusions.some((entry) => excludes(entry.trim(), host, onPort))) return undefined;
  const address = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (!isProxyUrl(address))
    throw new FluxError(`${variable} is not the URL of a proxy`, {
      code: 'http/bad-proxy',
      fault: 'user',
      help: 'Write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with % as %25 and other special characters likewise.',
    });
  return address;
}

function isProxyUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && [url.username, url.password].every((part) => percentDecoded(part) !== undefined);
}

/** `*`, a host or domain with its subdomains, or `.domain` for only its subdomains, each with or without a port; or a range `10.0.0.0/8`. */
function excludes(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const [, net = '', bits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (net !== '') return isInRange(host, net, Number(bits));
  // Colons of an address are no port, unless it is in brackets.
  if (isIP(entry) !== 0) return entry === host;
  const [, name = '', onPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry) ?? [];
  if (onPort !== undefined && onPort !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  return host.endsWith(`.${domain}`) || (name === domain && host === domain);
}

function isInRange(host: string, net: string, bits: number): boolean {
  const version = isIP(net);
  if (version === 0 || isIP(host) !== version || bits > (version === 4 ? 32 : 128)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const range = new BlockList();
  range.addSubnet(net, bits, family);
  return range.check(host, family);
}

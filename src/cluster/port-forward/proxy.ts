/** Environment variables for proxies; both spellings are in use, lower case wins. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL from the environment, as in Go's and most other HTTP clients: `HTTPS_PROXY` or `HTTP_PROXY` by the URL's scheme,
 * unless `NO_PROXY` contains the host. Loopback addresses never use a proxy.
 */
export function proxyFor(url: string, env: ProxyEnvironment): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return undefined;
  const read = (name: string) => env[name.toLowerCase()] || env[name] || '';
  const proxy = read(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (
    proxy === '' ||
    read('NO_PROXY')
      .split(',')
      .some((entry) => excludes(entry.trim().toLowerCase(), host, port))
  )
    return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** `*`, a host or domain with its subdomains, or `.domain` for only its subdomains; each with or without a port. */
function excludes(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const [, name = '', onPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (onPort !== undefined && onPort !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  return host.endsWith(`.${domain}`) || (name === domain && host === domain);
}

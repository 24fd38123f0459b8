/** Where a person's programs find the proxy of their network; both spellings are in use, the lower one wins. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for a URL, as Go's and most other HTTP clients read it: `HTTPS_PROXY` or `HTTP_PROXY` by the
 * URL's scheme, unless `NO_PROXY` names the host. This machine is never reached through a proxy.
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

/** `*`, a host or domain with all below it, `.domain` for only what is below it; each with a port or without. */
function excludes(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const [, name = '', onPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (onPort !== undefined && onPort !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  return host.endsWith(`.${domain}`) || (name === domain && host === domain);
}

import { type ProxyEnvironment, proxyFor } from '../../base/index.ts';

/** The proxy for an API server; as in Go, loopback addresses never use one. */
export function proxyForCluster(url: string, env: ProxyEnvironment): string | undefined {
  const { hostname } = new URL(url);
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return isLoopback ? undefined : proxyFor(url, env);
}

import { FluxError, isWithin, networkOfHost, type Reach } from '../../base/index.ts';

export interface AllowedHosts {
  /** Hosts, with or without port, that may be at internal addresses (`--helm-internal-host`). */
  readonly internalHosts: readonly string[];
  /** The same without verifying certificates, or by plain HTTP (`--registry-insecure-host`). */
  readonly insecureHosts: readonly string[];
}

/** How a host may be contacted that a repository names. */
export interface HostAccess {
  readonly reach: Reach;
  readonly insecure: boolean;
}

/**
 * What the operator allows for a host that a repository names (S-012): a public address by TLS, unless the host is listed. The addresses
 * of a name are checked again by the connection.
 * @throws FluxError `helm/host-not-allowed`
 */
export function accessTo(url: URL, { internalHosts, insecureHosts }: AllowedHosts): HostAccess {
  const isIn = (hosts: readonly string[]) => hosts.includes(url.host) || hosts.includes(url.hostname);
  const insecure = isIn(insecureHosts);
  const reach: Reach = insecure || isIn(internalHosts) ? 'private' : 'public';
  if (url.protocol !== 'https:' && !insecure)
    throw notAllowed(`${url.host} would be contacted without TLS`, 'Use https, or list the host in --registry-insecure-host.');
  if (!isWithin(networkOfHost(url.hostname), reach))
    throw notAllowed(
      `${url.host} is not a public address`,
      'If the charts of this repository may come from this host of your network, list it in --helm-internal-host.',
    );
  return { reach, insecure };
}

function notAllowed(message: string, help: string): FluxError {
  return new FluxError(message, { code: 'helm/host-not-allowed', fault: 'user', help });
}

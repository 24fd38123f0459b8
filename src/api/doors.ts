import { FluxError } from '../base/index.ts';
import type { Door } from './route.ts';

/** The properties of a request that decide about access; none comes from its path. */
export interface Caller {
  /** The local address of the connection. */
  readonly localAddress: string;
  /** Whether the connection uses TLS. */
  readonly encrypted: boolean;
  /** All Host headers, in order. */
  readonly hosts: readonly string[];
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
}

/** 127.0.0.0/8 and ::1, also in the form ::ffff:127.0.0.1 of an IPv6 socket. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address);
}

/**
 * Admits a request, or throws the reason. `by-right` means that the rights of the caller's token decide. From the network, only public
 * routes are served without a token, and tokens are read only over TLS. Over loopback, the danger is a browser: a foreign DNS name
 * that points to this machine (S-071), or a web page that makes the user's browser send requests (S-072).
 * `door` is undefined for a request without a route, so that the network cannot probe for routes.
 * @throws FluxError `api/forbidden`, `api/bad-request`.
 */
export function checkDoor(door: Door | undefined, caller: Caller): 'in' | 'by-right' {
  const { localAddress, encrypted, hosts } = caller;
  if (hosts.length > 1) throw badHost('the request has more than one Host header');
  // A request forged by a web page has no signature.
  if (door === 'signed') return 'in';
  if (isLoopback(localAddress)) {
    const host = hosts[0] ?? '';
    if (!isLoopbackHost(host)) {
      throw forbidden(
        `host ${JSON.stringify(host.slice(0, 100))} is not a loopback name`,
        'Call the API as localhost, 127.0.0.1 or [::1].',
      );
    }
    refuseOtherPages(caller);
    return 'in';
  }
  if (door === 'anyone') return 'in';
  if (encrypted) {
    refuseOtherPages(caller);
    return 'by-right';
  }
  throw forbidden(
    'this API is served on loopback addresses, and elsewhere over TLS with a token',
    'Use a port-forward, which fluxctl opens by itself when it has a kubeconfig: fluxctl --k8s-fwd-ns <namespace> …',
  );
}

function refuseOtherPages({ encrypted, hosts: [host = ''], origin, secFetchSite }: Caller): void {
  const own = `${encrypted ? 'https' : 'http'}://${host}`;
  const foreign = (origin !== undefined && origin !== own) || secFetchSite === 'cross-site' || secFetchSite === 'same-site';
  if (foreign)
    throw forbidden('the request comes from a web page of another site', 'Web pages of other sites may not call the daemon.');
}

function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(host);
}

function forbidden(message: string, help: string): FluxError {
  return new FluxError(message, { code: 'api/forbidden', fault: 'user', help });
}

function badHost(message: string): FluxError {
  return new FluxError(message, { code: 'api/bad-request', fault: 'user' });
}

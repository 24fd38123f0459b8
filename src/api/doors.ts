import { FluxError } from '../base/index.ts';
import type { Door } from './route.ts';

/** What decides whether a request may come in; nothing of it is taken from its path. */
export interface Caller {
  /** The address of this machine that the connection was made to. */
  readonly localAddress: string;
  /** By TLS. */
  readonly encrypted: boolean;
  /** Every Host header, in order. */
  readonly hosts: readonly string[];
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
}

/** 127.0.0.0/8 and ::1, also where an IPv6 socket shows the former as ::ffff:127.0.0.1. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address);
}

/**
 * Lets a request in, or throws why not; `by-right` leaves it to the rights of the caller's token. From the network only what is meant
 * for anyone is served without one, and a token is looked at only where nobody could read along. Over loopback a browser
 * is the danger: a name that somebody else's DNS points here (S-071), or a page that makes a person's browser call (S-072).
 * `door` is undefined for a request that no route answers, so that the network cannot probe for routes.
 * @throws FluxError `api/forbidden`, `api/bad-request`.
 */
export function checkDoor(door: Door | undefined, caller: Caller): 'in' | 'by-right' {
  const { localAddress, encrypted, hosts } = caller;
  if (hosts.length > 1) throw badHost('the request has more than one Host header');
  // What a page could make a browser send has no signature.
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
    'this API is served on loopback addresses, and elsewhere by TLS with a token',
    'Reach the daemon by a port-forward, as fluxctl does by itself when it has a kubeconfig: fluxctl --k8s-fwd-ns <namespace> …',
  );
}

function refuseOtherPages({ encrypted, hosts: [host = ''], origin, secFetchSite }: Caller): void {
  const own = `${encrypted ? 'https' : 'http'}://${host}`;
  const foreign = (origin !== undefined && origin !== own) || secFetchSite === 'cross-site' || secFetchSite === 'same-site';
  if (foreign) throw forbidden('the request comes from another web page', 'Pages of other sites may not call the daemon.');
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

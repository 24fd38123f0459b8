import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isEncrypted } from '../tls/accept-tls.ts';

/** The properties of a request that decide who sent it; none comes from its path. */
export interface Caller {
  /** The local address of the connection. */
  readonly localAddress: string;
  /** The client's address. */
  readonly remoteAddress: string;
  /** Whether the connection uses TLS. */
  readonly encrypted: boolean;
  /** All Host headers, in order. */
  readonly hosts: readonly string[];
  readonly headers: IncomingHttpHeaders;
}

export function callerOf(incoming: IncomingMessage, localAddress: string): Caller {
  const hosts = incoming.rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === 'host');
  return {
    localAddress,
    remoteAddress: incoming.socket.remoteAddress ?? '',
    encrypted: isEncrypted(incoming.socket),
    hosts,
    headers: incoming.headers,
  };
}

/** 127.0.0.0/8 and ::1, also in the form ::ffff:127.0.0.1 of an IPv6 socket. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address);
}

/** Whether a web page of another site makes the user's browser send the request (S-072). */
export function isForeignPage({ encrypted, hosts: [host = ''], headers }: Caller): boolean {
  const own = `${encrypted ? 'https' : 'http'}://${host}`;
  const site = headers['sec-fetch-site'];
  return (headers.origin !== undefined && headers.origin !== own) || site === 'cross-site' || site === 'same-site';
}

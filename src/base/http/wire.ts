import type { IncomingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Reach } from './network.ts';

export interface HttpRequest {
  readonly method?: string;
  readonly url: string | URL;
  /** Percent-encoded path and query that replace those of the URL, so that frequent requests to one server need not parse a URL each time. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Additional TLS and agent settings of node:https (ca, cert, key, rejectUnauthorized, agent …). */
  readonly tls?: RequestOptions;
  /**
   * The networks that the connection may reach, checked for every address that the host's name resolves to. Unlimited by default. Names
   * that a proxy resolves are not checked.
   */
  readonly reach?: Reach;
  /** Body limit in bytes; a larger body rejects with `http/too-large`. 64 MiB by default; none for a stream. */
  readonly maxBytes?: number;
  /** Timeout of the whole exchange in milliseconds; 30 s by default. A stream lasts until its signal aborts. */
  readonly timeoutMs?: number;
  /** Called right before the request is sent on its connection. If it throws, nothing is sent, and the request rejects with that error. */
  readonly beforeSend?: () => void;
  readonly signal?: AbortSignal;
}

/** Settings of node:https; with a given `agent`, each connection uses all of them. */
export type TlsSettings = Pick<
  RequestOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized' | 'agent'
>;

/** A response whose headers have arrived; its body must be read or destroyed. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Address of the server; absent if unknown, as behind a proxy. */
  readonly address?: string;
  /** Why a body that ended after this many bytes is incomplete. Absent if the body itself ends with an error in that case. */
  readonly cut?: (bytes: number) => Error | undefined;
}

/** One version of HTTP. */
export interface Wire {
  /**
   * Sends one request. When aborted, it rejects, or the body ends with an error, and nothing more is sent. Rejects with the underlying
   * error; a request that the server may have processed is not sent twice.
   */
  open(url: URL, request: HttpRequest, signal: AbortSignal): Promise<Answer>;
  close(): void;
}

export interface WireOptions {
  /** Keep-alive connections to one host. */
  readonly maxSockets: number;
  readonly userAgent: string;
  readonly tls: TlsSettings | undefined;
  /** Resolver; the system's by default. */
  readonly lookup?: LookupFunction | undefined;
  /** With HTTPS_PROXY and NO_PROXY, in either case. */
  readonly proxyEnvironment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** TLS settings with parsed certificates. @throws for an invalid one. */
export interface ReadTls {
  readonly secureContext: SecureContext;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export function readTls({ servername, rejectUnauthorized, agent: _, ...certificates }: TlsSettings): ReadTls {
  return {
    secureContext: createSecureContext(certificates),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}

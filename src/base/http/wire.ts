import type { IncomingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Reach } from './network.ts';

export interface HttpRequest {
  readonly method?: string;
  readonly url: string | URL;
  /** Path and query instead of those of the URL, percent-encoded: who sends much to one server need not have its URL parsed each time. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Extra TLS and agent settings (ca, cert, key, rejectUnauthorized, agent …), as node:https takes them. */
  readonly tls?: RequestOptions;
  /**
   * How far the connection may go, checked for every address that the host's name resolves to. Default: anywhere. A transport whose
   * settings name an agent, such as one for a proxy, checks no names.
   */
  readonly reach?: Reach;
  /** The most bytes of body accepted; more rejects with `http/too-large`. Default 64 MiB. A stream has no limit. */
  readonly maxBytes?: number;
  /** Total time for the whole exchange in milliseconds. Default 30 s. A stream lasts until its signal is aborted. */
  readonly timeoutMs?: number;
  /** Called when a connection is there, right before the request goes out on it; what it throws is thrown, and nothing goes out. */
  readonly beforeSend?: () => void;
  readonly signal?: AbortSignal;
}

/** As node:https takes them; through an `agent` that is given, each connection is made with all of them. */
export type TlsSettings = Pick<
  RequestOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized' | 'agent'
>;

/** An answer whose headers are there; its body has to be read or destroyed. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Of the server, or of the proxy before it; absent where it is not known. */
  readonly address?: string;
  /** Why a body that has ended after so many bytes is not whole. Absent where the body itself ends with an error then. */
  readonly cut?: (bytes: number) => Error | undefined;
}

/** One version of HTTP. */
export interface Wire {
  /**
   * Sends one request. Once aborted it rejects, or the body ends with an error, and nothing more goes out. Rejects with whatever went
   * wrong; one that the server may have carried out is not sent twice.
   */
  open(url: URL, request: HttpRequest, signal: AbortSignal): Promise<Answer>;
  close(): void;
}

export interface WireOptions {
  /** Connections kept open to one host. */
  readonly maxSockets: number;
  readonly userAgent: string;
  readonly tls: TlsSettings | undefined;
  /** Resolves names. Default the system's. */
  readonly lookup?: LookupFunction | undefined;
}

/** Settings of TLS with their certificates read. @throws when one cannot be read. */
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

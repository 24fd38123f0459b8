import { type ApiClient, createApiClient } from '../api/client/index.ts';
import { createHttpTransport, Secret } from '../base/index.ts';

export interface Address {
  /** Of the daemon's API. */
  readonly url: string;
  /** Empty where none is sent. */
  readonly token: string;
  /** Of fluxctl, for the daemon's log. */
  readonly version: string;
}

export interface Connection {
  readonly client: ApiClient;
  close(): void;
}

/** All that speaks HTTP is behind this, and loads with it. */
export function connectTo({ url, token, version }: Address): Connection {
  const transport = createHttpTransport({ userAgent: `fluxctl/${version}` });
  const client = createApiClient({ transport, url, ...(token === '' ? {} : { token: new Secret(token) }) });
  return { client, close: () => transport.close() };
}

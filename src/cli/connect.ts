import { type ApiClient, createApiClient } from '../api/client/index.ts';
import { type Clock, createHttpTransport, type FluxError, type HttpTransport, Secret } from '../base/index.ts';

export interface Address {
  /** Of the daemon's API. */
  readonly url: string;
  /** Empty where none is sent. */
  readonly token: string;
  /** Of fluxctl, for the daemon's log. */
  readonly version: string;
  readonly clock: Clock;
  /** Why a connection broke on its way, where that is known to whoever made the way. */
  readonly failure?: () => FluxError | undefined;
}

export interface Connection {
  readonly client: ApiClient;
  close(): void;
}

/** All that speaks HTTP is behind this, and loads with it. */
export function connectTo({ url, token, version, clock, failure }: Address): Connection {
  const transport = createHttpTransport({ userAgent: `fluxctl/${version}`, clock });
  const way = failure ? through(transport, failure) : transport;
  const client = createApiClient({ transport: way, url, clock, ...(token === '' ? {} : { token: new Secret(token) }) });
  return { client, close: () => transport.close() };
}

/** What broke on the way is told in place of the connection that was closed. */
function through(transport: HttpTransport, failure: () => FluxError | undefined): HttpTransport {
  return {
    ...transport,
    async request(request) {
      try {
        return await transport.request(request);
      } catch (error) {
        throw failure() ?? error;
      }
    },
  };
}

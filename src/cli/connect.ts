import { type ApiClient, createApiClient } from '../api/client/index.ts';
import { type Clock, createHttpTransport, type FluxError, type HttpTransport, Secret } from '../base/index.ts';

export interface Address {
  /** URL of the daemon's API. */
  readonly url: string;
  /** Empty when no token is sent. */
  readonly token: string;
  /** The source of the daemon that is meant; absent for all. */
  readonly source?: string;
  /** Version of fluxctl, for the daemon's log. */
  readonly version: string;
  readonly clock: Clock;
  /** Why the connection broke, when the port-forward knows. */
  readonly failure?: () => FluxError | undefined;
}

export interface Connection {
  readonly client: ApiClient;
  close(): void;
}

/** Loads the HTTP client on first use. */
export function connectTo({ url, token, source, version, clock, failure }: Address): Connection {
  const transport = createHttpTransport({ userAgent: `fluxctl/${version}`, clock });
  const way = failure ? through(transport, failure) : transport;
  const client = createApiClient({
    transport: way,
    url,
    clock,
    ...(token === '' ? {} : { token: new Secret(token) }),
    ...(source === undefined ? {} : { source }),
  });
  return { client, close: () => transport.close() };
}

/** Reports a failure of the port-forward in place of the closed connection. */
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

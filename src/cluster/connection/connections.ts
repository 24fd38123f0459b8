import { type Clock, createHttpTransport, type HttpTransport } from '../../base/index.ts';
import type { Credentials } from './kubeconfig.ts';

interface OfIdentity {
  readonly requests: HttpTransport;
  /** Each watch keeps a connection for itself: they must not take those of the other requests. */
  readonly streams: HttpTransport;
}

/** Connections to one API server, those of each client certificate apart; a former one's end when the server ends them. */
export function createConnections({ clock, maxInFlight }: { readonly clock: Clock; readonly maxInFlight: number }) {
  const byTls = new Map<Credentials['tls'], OfIdentity>();
  return {
    of(tls: Credentials['tls']): OfIdentity {
      const known = byTls.get(tls);
      if (known) return known;
      const made = {
        requests: createHttpTransport({ maxSockets: maxInFlight, tls, clock }),
        streams: createHttpTransport({ maxSockets: Number.POSITIVE_INFINITY, tls }),
      };
      byTls.set(tls, made);
      return made;
    },
    close() {
      for (const { requests, streams } of byTls.values()) {
        requests.close();
        streams.close();
      }
    },
  };
}

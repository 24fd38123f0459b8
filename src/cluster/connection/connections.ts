import { type Clock, createHttpTransport, type HttpTransport } from '../../base/index.ts';
import type { Credentials } from './kubeconfig.ts';

interface OfIdentity {
  readonly requests: HttpTransport;
  /** Watches have separate connections: they neither use up those of other requests nor wait behind a long list. */
  readonly streams: HttpTransport;
}

/** Connections to one API server, separate for each client certificate; those of an old one remain until the server closes them. */
export function createConnections({ clock, maxInFlight }: { readonly clock: Clock; readonly maxInFlight: number }) {
  const byTls = new Map<Credentials['tls'], OfIdentity>();
  return {
    of(tls: Credentials['tls']): OfIdentity {
      const known = byTls.get(tls);
      if (known) return known;
      const made = {
        requests: createHttpTransport({ http2: true, maxSockets: maxInFlight, tls, clock }),
        streams: createHttpTransport({ http2: true, maxSockets: Number.POSITIVE_INFINITY, tls, clock }),
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

import { resolveSrv } from 'node:dns/promises';
import type { Clock } from '../../base/index.ts';

/** An address of a server. */
export interface MemcachedServer {
  readonly host: string;
  readonly port: number;
}

/** The servers at present, always in the same order; at least one. */
export type FindServers = () => Promise<readonly MemcachedServer[]>;

export interface ServersOptions {
  readonly hostname: string;
  readonly port: number;
  /** Name of the service in DNS; without one, the host and the port are the only server. */
  readonly service?: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly lookUp?: (name: string) => Promise<readonly { readonly name: string; readonly port: number }[]>;
}

/** Answers are used for this long (Flux v1). */
const LIFE_MS = 60_000;

/** Finds servers as Flux v1 does: by SRV records, looked up every minute. What was found before is used while a lookup fails. */
export function findServersOf({ hostname, port, service, clock, lookUp = resolveSrv }: ServersOptions): FindServers {
  if (service === undefined) return async () => [{ host: hostname, port }];
  let known: readonly MemcachedServer[] = [];
  let until = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.monotonic() < until) return known;
    try {
      const records = await lookUp(`_${service}._tcp.${hostname}`);
      const servers = records.map(({ name, port: of }) => ({ host: name.replace(/\.$/, ''), port: of }));
      if (servers.length > 0) known = servers.sort((a, b) => (addressOf(a) < addressOf(b) ? -1 : 1));
    } catch (error) {
      if (known.length === 0) throw error;
    }
    if (known.length === 0) throw new Error(`no servers at _${service}._tcp.${hostname}`);
    until = clock.monotonic() + LIFE_MS;
    return known;
  };
}

function addressOf({ host, port }: MemcachedServer): string {
  return `${host}:${port}`;
}

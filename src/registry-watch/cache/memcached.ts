import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import pLimit, { type LimitFunction } from 'p-limit';
import { FluxError, messageOf, waitOrAbort } from '../../base/index.ts';
import { printable } from '../answer.ts';
import { MemcachedConnection } from './memcached-connection.ts';
import type { FindServers, MemcachedServer } from './memcached-servers.ts';
import { ENTRY_LIFE_MS, type SharedStore } from './store.ts';

/** A server's only connection, and whose turn it is. */
interface Link {
  readonly inTurn: LimitFunction;
  connection: MemcachedConnection | undefined;
}

const LONGEST_KEY = 250;

/** A cache in one or several memcached servers; the key decides which, as in Flux v1. It connects when it is needed. */
export function createMemcachedStore(findServers: FindServers): SharedStore {
  const links = new Map<string, Link>();
  let epoch = 0;

  /** Works on a connection. If an older one fails, the server may have restarted: then once more on a new one. */
  const use = async <T>(
    { host, port }: MemcachedServer,
    signal: AbortSignal,
    work: (connection: MemcachedConnection) => Promise<T>,
  ): Promise<T> => {
    const id = `${host}:${port}`;
    const link = links.get(id) ?? { inTurn: pLimit(1), connection: undefined };
    links.set(id, link);
    const attempt = async (): Promise<T> => {
      const isNew = link.connection === undefined;
      try {
        if (link.connection === undefined) {
          link.connection = await MemcachedConnection.open(host, port, signal);
          epoch += 1;
        }
        return await waitOrAbort(work(link.connection), signal);
      } catch (error) {
        link.connection?.close();
        link.connection = undefined;
        signal.throwIfAborted();
        if (!isNew) return attempt();
        throw failed(`memcached ${id}: ${messageOf(error)}`, error);
      }
    };
    return link.inTurn(attempt);
  };

  /** Divides by server. */
  const divided = async <T extends { readonly key: string }>(items: readonly T[], signal: AbortSignal) => {
    const servers = await waitOrAbort(
      findServers().catch((error: unknown) => {
        throw failed(messageOf(error), error);
      }),
      signal,
    );
    return [...Map.groupBy(items, ({ key }) => servers[crc32(key) % servers.length])].flatMap(([server, some]) =>
      server === undefined ? [] : [{ server, some }],
    );
  };

  return {
    get epoch() {
      return epoch;
    },
    async read(keys, signal) {
      const names = new Map(keys.map((key) => [shortened(key), key]));
      const parts = await divided(
        [...names].map(([key]) => ({ key })),
        signal,
      );
      const found = await Promise.all(
        parts.map(({ server, some }) => use(server, signal, (connection) => connection.get(some.map(({ key }) => key)))),
      );
      return new Map(found.flatMap((values) => [...values].map(([key, value]) => [names.get(key) ?? key, value] as const)));
    },
    async write(entries, signal) {
      const parts = await divided(
        entries.map(({ key, value }) => ({ key: shortened(key), value })),
        signal,
      );
      const seconds = ENTRY_LIFE_MS / 1000;
      await Promise.all(parts.map(({ server, some }) => use(server, signal, (connection) => connection.set(some, seconds))));
    },
    async claim(key, ms, signal) {
      const [part] = await divided([{ key: shortened(key) }], signal);
      if (part === undefined) return false;
      return use(part.server, signal, (connection) => connection.add(shortened(key), '1', Math.ceil(ms / 1000)));
    },
    async close() {
      for (const { connection } of links.values()) connection?.close();
    },
  };
}

/** The key, or for one that memcached refuses a digest: the seal of the value knows the whole key. */
function shortened(key: string): string {
  return key.length <= LONGEST_KEY ? key : createHash('sha256').update(key).digest('base64url');
}

function failed(message: string, cause: unknown): FluxError {
  return new FluxError(`registry cache ${printable(message)}`, {
    code: 'registry/cache-failed',
    help: 'Check the flags --memcached-hostname, --memcached-port and --memcached-service, and the servers. Until then fluxd asks registries itself.',
    cause,
  });
}

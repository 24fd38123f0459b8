import type { RedisClientType } from '@redis/client';
import { FluxError, messageOf, waitOrAbort, withoutSecret } from '../../base/index.ts';
import { printable } from '../answer.ts';
import { ENTRY_LIFE_MS, MAX_VALUE_BYTES, type SharedStore } from './store.ts';

const CONNECT_MS = 2_000;

/**
 * A cache in Redis, Valkey, or another server of this protocol, at a URL `redis://` or, for TLS, `rediss://`, whose user and password are
 * percent-encoded. It connects when it is needed. A connection that failed is not used again; the next one may be to an empty server.
 */
export function createRedisStore({ url }: { readonly url: string }): SharedStore {
  const { protocol, host, password } = new URL(url);
  const plainPassword = decodeURIComponent(password);
  let link: Promise<RedisClientType> | undefined;
  let epoch = 0;

  const connect = (): Promise<RedisClientType> => {
    const opening: Promise<RedisClientType> = open(url, () => {
      if (link === opening) link = undefined;
    });
    link = opening;
    epoch += 1;
    return opening;
  };

  const use = async <T>(signal: AbortSignal, work: (client: RedisClientType) => Promise<T>): Promise<T> => {
    const mine = link ?? connect();
    try {
      const client = await waitOrAbort(mine, signal);
      return await waitOrAbort(work(client), signal);
    } catch (error) {
      if (link === mine) link = undefined;
      mine.then(end, () => undefined);
      signal.throwIfAborted();
      const said = withoutSecret(withoutSecret(messageOf(error), password), plainPassword);
      throw new FluxError(`registry cache ${protocol}//${host}: ${printable(said)}`, {
        code: 'registry/cache-failed',
        help: 'Check the URL in --registry-cache, and the server. Until then fluxd asks registries itself.',
        cause: error,
      });
    }
  };

  return {
    get epoch() {
      return epoch;
    },
    read: (keys, signal) =>
      use(signal, async (client) => {
        const { RESP_TYPES } = await import('@redis/client');
        const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
        // Of a value that is too large, no more is read than shows that it is.
        const values = await Promise.all(keys.map((key) => bytes.getRange(key, 0, MAX_VALUE_BYTES)));
        return new Map(
          keys.flatMap((key, index) => {
            const value = values[index];
            return value === undefined || value === null || value.length === 0 ? [] : [[key, value] as const];
          }),
        );
      }),
    write: (entries, signal) =>
      use(signal, async (client) => {
        const expiration = { type: 'PX', value: ENTRY_LIFE_MS } as const;
        await Promise.all(entries.map(({ key, value }) => client.set(key, Buffer.from(value), { expiration })));
      }),
    claim: (key, ms, signal) =>
      use(signal, async (client) => {
        const expiration = { type: 'PX', value: Math.ceil(ms) } as const;
        return (await client.set(key, '1', { condition: 'NX', expiration })) !== null;
      }),
    async close() {
      const last = link;
      link = undefined;
      await last?.then(end, () => undefined);
    },
  };
}

async function open(url: string, onEnd: () => void): Promise<RedisClientType> {
  const { createClient } = await import('@redis/client');
  const client: RedisClientType = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false },
  });
  client.on('error', onEnd).on('end', onEnd);
  await client.connect();
  return client;
}

function end(client: RedisClientType): void {
  if (client.isOpen) client.destroy();
}

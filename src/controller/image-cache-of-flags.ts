import { readFile } from 'node:fs/promises';
import { type Clock, FluxError, type Logger, messageOf } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import {
  createDiskStore,
  createMemcachedStore,
  createRedisStore,
  findServersOf,
  type ImageWatchOptions,
} from '../registry-watch/index.ts';

/**
 * Where image metadata is remembered by the flags; undefined for nowhere.
 * @throws FluxError `config/bad-cache-key`
 */
export async function imageCacheOf(
  cache: Config['registryCache'],
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<ImageWatchOptions['cache']> {
  switch (cache.kind) {
    case 'memory':
      return undefined;
    case 'disk':
      return {
        store: createDiskStore({ directory: cache.directory, clock, log }),
        secret: cache.keyFile === undefined ? '' : await keyIn(cache.keyFile),
      };
    case 'redis':
      return { store: createRedisStore(cache), secret: await keyIn(cache.keyFile) };
    case 'memcached':
      return {
        store: createMemcachedStore(findServersOf({ ...cache, clock })),
        secret: await keyIn(cache.keyFile),
        timeoutMs: cache.timeoutMs,
      };
  }
}

const MIN_KEY_LENGTH = 32;

async function keyIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw badKey(`cannot be read: ${messageOf(error)}`, error);
  });
  const key = text.trim();
  if (key.length < MIN_KEY_LENGTH) throw badKey(`${file} has fewer than ${MIN_KEY_LENGTH} characters`);
  return key;
}

function badKey(problem: string, cause?: unknown): FluxError {
  return new FluxError(`the file of --registry-cache-key-file ${problem}`, {
    code: 'config/bad-cache-key',
    fault: 'user',
    help: 'Write a random key to it, as `openssl rand -hex 32` prints one, and the same for each daemon that shares the cache.',
    cause,
  });
}

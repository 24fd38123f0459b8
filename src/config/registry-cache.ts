import { posix } from 'node:path';
import { percentDecoded } from '../base/index.ts';
import type { FlagName, FlagValues } from './flags.ts';

/** Where image metadata is remembered. Entries are sealed with a key, of a shared cache always. */
export type RegistryCacheConfig =
  /** In the process only. */
  | { readonly kind: 'memory' }
  | { readonly kind: 'disk'; readonly directory: string; readonly keyFile?: string }
  | { readonly kind: 'redis'; readonly keyFile: string; readonly url: string }
  | {
      readonly kind: 'memcached';
      readonly keyFile: string;
      readonly hostname: string;
      readonly port: number;
      readonly timeoutMs: number;
      /** Name of an SRV record, which has the ports; absent: `hostname` and `port` are the server. */
      readonly service?: string;
    };

/** These say where memcached is, and are used only with it: unchanged Deployments of Flux v1 have them. */
export const MEMCACHED_FLAGS = [
  'memcached-hostname',
  'memcached-port',
  'memcached-timeout',
  'memcached-service',
] as const satisfies readonly FlagName[];

/** Why they have no effect otherwise. */
export const NO_MEMCACHED = 'image metadata is cached in memory, unless --registry-cache=memcached';

/** The flags of the cache; `fail` is called for each that cannot be used, and quotes no value. */
export function registryCacheConfig(values: FlagValues, fail: (flag: FlagName, why: string) => void): RegistryCacheConfig {
  const { 'registry-cache': cache, 'registry-cache-dir': directory, 'registry-cache-key-file': keyFile } = values;
  if (cache === 'memory') return { kind: 'memory' };
  if (cache === 'disk') {
    if (!posix.isAbsolute(directory)) fail('registry-cache-dir', 'it must be an absolute path');
    return { kind: 'disk', directory, ...(keyFile === '' ? {} : { keyFile }) };
  }
  const isRedis = /^rediss?:\/\//.test(cache);
  const problem = isRedis ? problemOfRedisUrl(cache) : undefined;
  if (!isRedis && cache !== 'memcached')
    fail('registry-cache', 'use memory, disk, redis://HOST:PORT, rediss://HOST:PORT or memcached');
  else if (problem !== undefined) fail('registry-cache', problem);
  else if (keyFile === '')
    fail('registry-cache', 'a shared cache needs --registry-cache-key-file, or anyone who can write to it chooses your images');
  if (isRedis) return { kind: 'redis', keyFile, url: cache };
  return {
    kind: 'memcached',
    keyFile,
    hostname: values['memcached-hostname'],
    port: values['memcached-port'],
    timeoutMs: values['memcached-timeout'],
    ...(values['memcached-service'] === '' ? {} : { service: values['memcached-service'] }),
  };
}

function problemOfRedisUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.hostname === '' || !/^(\/\d{0,4})?$/.test(url.pathname)) return 'it is not a URL like redis://HOST:PORT';
  const isDecoded = [url.username, url.password].every((part) => percentDecoded(part) !== undefined);
  return isDecoded ? undefined : 'write % in its user and password as %25';
}

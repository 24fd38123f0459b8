import { posix } from 'node:path';
import type { FlagName, FlagValues } from './flags.ts';

/** Where image metadata is remembered. */
export type RegistryCacheConfig =
  /** In the process only. */
  { readonly kind: 'memory' } | { readonly kind: 'disk'; readonly directory: string };

/** The flags of the cache; `fail` is called for each that cannot be used. */
export function registryCacheConfig(values: FlagValues, fail: (flag: FlagName, why: string) => void): RegistryCacheConfig {
  const { 'registry-cache': cache, 'registry-cache-dir': directory } = values;
  if (cache === 'memory') return { kind: 'memory' };
  if (cache !== 'disk') fail('registry-cache', 'use memory or disk');
  if (!posix.isAbsolute(directory)) fail('registry-cache-dir', 'it must be an absolute path');
  return { kind: 'disk', directory };
}

import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/**
 * The environment of a thread: nothing of ours, which may hold secrets, but where Node keeps what it has compiled (`NODE_COMPILE_CACHE`).
 * With that a thread starts in half the time.
 */
export function threadEnvironment(): Readonly<Record<string, string>> {
  const compiled = getCompileCacheDir();
  // Node names a directory of its version in the one that it was given.
  return compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) };
}

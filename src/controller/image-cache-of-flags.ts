import type { Clock, Logger } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { createDiskStore, type ImageWatchOptions } from '../registry-watch/index.ts';

/** Where image metadata is remembered by the flags; undefined for nowhere. */
export function imageCacheOf(
  cache: Config['registryCache'],
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): ImageWatchOptions['cache'] {
  if (cache.kind === 'memory') return undefined;
  return { store: createDiskStore({ directory: cache.directory, clock, log }), secret: '' };
}

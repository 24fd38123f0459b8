import { createHttpTransport, silentLogger, systemClock } from '../src/base/index.ts';
import { createImageWatch, type ImageWatch, type ImageWatchOptions } from '../src/registry-watch/index.ts';

/** Tags of one repository that are read at a time. */
export const TAGS_AT_ONCE = 10;

/** An image watch of registries on this machine, whose rate limits are not what is measured. */
export function startImageWatch(options: Pick<ImageWatchOptions, 'cache'> = {}): {
  readonly watch: ImageWatch;
  close(): Promise<void>;
} {
  const http = createHttpTransport();
  const watch = createImageWatch({
    http,
    clock: systemClock,
    log: silentLogger(),
    automationIntervalMs: 60_000,
    rps: 1e9,
    burst: TAGS_AT_ONCE,
    insecureHosts: ['127.0.0.1'],
    readFile: () => Promise.reject(new Error('no file')),
    readCore: async () => undefined,
    onNewTags: () => undefined,
    ...options,
  });
  return {
    watch,
    async close() {
      await watch.stop();
      http.close();
    },
  };
}

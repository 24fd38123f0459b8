import { createHttpTransport, type HttpTransport, silentLogger } from '../../src/base/index.ts';
import { createImageWatch, type ImageWatch, type ImageWatchOptions } from '../../src/registry-watch/index.ts';
import { FakeClock } from './fake-clock.ts';

export interface Setup {
  readonly watch: ImageWatch;
  readonly clock: FakeClock;
  /** Names that `onNewTags` was called with. */
  readonly news: string[];
  close(): Promise<void>;
}

/** An image watch for tests: own clock, no jitter, registries on this machine over plain HTTP. */
export function setup(options: Partial<ImageWatchOptions> = {}): Setup {
  const clock = new FakeClock();
  const news: string[] = [];
  const http: HttpTransport = createHttpTransport();
  const watch = createImageWatch({
    http,
    clock,
    log: silentLogger(),
    scanIntervalMs: 60_000,
    rps: 1000,
    // Time stands still: nobody may have to wait for it.
    burst: 10_000,
    insecureHosts: ['127.0.0.1'],
    readFile: async (path) => {
      throw new Error(`no file ${path}`);
    },
    readCore: async () => undefined,
    onNewTags: (name) => news.push(name),
    random: () => 0.5,
    ...options,
  });
  return {
    watch,
    clock,
    news,
    async close() {
      await watch.stop();
      http.close();
    },
  };
}

import type { LookupFunction } from 'node:net';
import { createHttpTransport, silentLogger } from '../../src/base/index.ts';
import { createImageWatch, type ImageWatch, type ImageWatchOptions } from '../../src/registry-watch/index.ts';
import { FakeClock } from './fake-clock.ts';

export interface Setup {
  readonly watch: ImageWatch;
  readonly clock: FakeClock;
  /** Names that `onNewTags` was called with. */
  readonly news: string[];
  close(): Promise<void>;
}

/** Resolves every name to one IPv4 address. */
export function everyNameAt(address: string): LookupFunction {
  return ((_: string, { all }: { readonly all?: boolean }, callback: (...found: unknown[]) => void) =>
    all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4)) as LookupFunction;
}

/** An image watch for tests: own clock, no jitter, registries on this machine over plain HTTP. */
export function setup(options: Partial<ImageWatchOptions> & { readonly clock?: FakeClock } = {}): Setup {
  const { clock = new FakeClock() } = options;
  const news: string[] = [];
  const { http = createHttpTransport() } = options;
  const watch = createImageWatch({
    log: silentLogger(),
    automationIntervalMs: 60_000,
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
    clock,
    http,
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

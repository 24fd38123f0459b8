import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Clock, FluxError, type Logger, threadEnvironment } from '../../base/index.ts';
import type { DiskAnswer, DiskOrder, DiskSettings } from './disk-order.ts';
import { type CacheStore, ENTRY_LIFE_MS } from './store.ts';

/** Beside this file in the sources and in the bundle. */
const PROGRAM = new URL(`./image-cache-program${extname(import.meta.url)}`, import.meta.url);
const FILE = 'registry-cache.db';
/** Of JavaScript, in the thread; values of entries are outside of it. */
const MEMORY_MIB = 32;
const MAX_BYTES = 2 ** 30;

export interface DiskStoreOptions {
  readonly directory: string;
  /** The file does not grow beyond this; a gibibyte by default. */
  readonly maxBytes?: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}

/** A cache in a file of a directory of our own. A thread uses it, which starts when it is first needed. */
export function createDiskStore({ directory, maxBytes = MAX_BYTES, clock, log }: DiskStoreOptions): CacheStore {
  const path = join(directory, FILE);
  const waiting = new Map<number, PromiseWithResolvers<DiskAnswer>>();
  let worker: Worker | undefined;
  let orders = 0;
  /** Threads that ended, and openings of the file by the last one. */
  let epoch = { threads: 0, openings: 0 };

  const fail = (reason: string) => {
    epoch = { threads: epoch.threads + 1, openings: 0 };
    worker = undefined;
    for (const { reject } of waiting.values()) reject(failed(path, reason));
    waiting.clear();
  };

  const start = (): Worker => {
    const settings: DiskSettings = { path, lifeMs: ENTRY_LIFE_MS, maxBytes };
    const started = new Worker(PROGRAM, {
      workerData: settings,
      env: threadEnvironment(),
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
      // node:sqlite may say that it is new.
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    started.on('message', (answer: DiskAnswer) => {
      for (const reason of answer.setAside)
        log.warn({ file: path, reason }, 'registry cache set aside as .unusable, and a new one begun');
      epoch = { ...epoch, openings: answer.openings };
      waiting.get(answer.id)?.resolve(answer);
      waiting.delete(answer.id);
      if (waiting.size === 0) started.unref();
    });
    started.once('error', ({ message }) => fail(message));
    started.once('exit', (code) => {
      if (worker === started) fail(`its thread ended with code ${code}`);
    });
    return started;
  };

  const order = async (work: DiskOrder['work']) => {
    worker ??= start();
    const id = orders++;
    const answer = Promise.withResolvers<DiskAnswer>();
    waiting.set(id, answer);
    // An idle thread does not keep the process alive.
    worker.ref();
    worker.postMessage({ id, work } satisfies DiskOrder);
    const { outcome } = await answer.promise;
    if (!outcome.ok) throw failed(path, outcome.message);
    return outcome.values;
  };

  return {
    get epoch() {
      return epoch.threads * 1e6 + epoch.openings;
    },
    async read(keys) {
      return new Map(await order({ kind: 'read', keys }));
    },
    async write(entries) {
      await order({ kind: 'write', entries: entries.map(({ key, value }) => [key, value]), now: clock.now() });
    },
    async close() {
      if (worker === undefined) return;
      const ended = worker;
      await order({ kind: 'close' }).catch(() => undefined);
      worker = undefined;
      await ended.terminate();
    },
  };
}

function failed(path: string, reason: string): FluxError {
  return new FluxError(`registry cache ${path}: ${reason}`, {
    code: 'registry/cache-failed',
    help: 'Check that fluxd may write to --registry-cache-dir, and that there is space. Until then it asks registries again after a restart.',
  });
}

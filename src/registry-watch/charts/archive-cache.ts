import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { createChangedOnly, hasErrno, type Logger, messageOf } from '../../base/index.ts';
import { digestOf } from './archive-digest.ts';

const MAX_BYTES = 256 << 20;

/**
 * Archives by digest, on the disk of this process alone. Any of them may be lost, cut or changed: it is verified when it is read. The
 * least recently used make room.
 */
export class ArchiveCache {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #failures = createChangedOnly(new LRUCache<string, string>({ max: 10 }));
  readonly #sizes: LRUCache<string, number>;

  constructor(directory: string, log: Logger, maxBytes = MAX_BYTES) {
    this.#directory = directory;
    this.#log = log;
    this.#sizes = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (size) => size,
      dispose: (_, digest, reason) => {
        if (reason === 'evict')
          void this.#attempt('removing an archive of a chart failed', () => rm(this.#fileOf(digest), { force: true }));
      },
    });
  }

  async get(digest: string): Promise<Buffer<ArrayBuffer> | undefined> {
    if (this.#sizes.get(digest) === undefined) return undefined;
    const bytes = await this.#attempt('reading an archive of a chart failed', () => readFile(this.#fileOf(digest)));
    if (bytes !== undefined && (await digestOf(bytes)) === digest) return bytes;
    this.#sizes.delete(digest);
    return undefined;
  }

  /** Does not fail: what cannot be kept is fetched again. */
  async put(digest: string, bytes: Buffer): Promise<void> {
    const written = await this.#attempt('keeping an archive of a chart failed', async () => {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFile(this.#fileOf(digest), bytes, { mode: 0o600 });
      return true;
    });
    // An archive larger than all of the cache is not kept; its file goes with the directory.
    if (written) this.#sizes.set(digest, Math.max(1, bytes.length));
  }

  #fileOf(digest: string): string {
    return join(this.#directory, `${digest.replace(':', '-')}.tgz`);
  }

  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      this.#failures.recovered(what);
      return result;
    } catch (error) {
      // A file that is gone was lost, which is safe.
      if (hasErrno(error, 'ENOENT')) return undefined;
      if (this.#failures.hasChanged(what, messageOf(error))) this.#log.warn({ err: error }, what);
      return undefined;
    }
  }
}

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { createSeal, type Logger, parseExactJson } from '../../base/index.ts';
import type { Manifest } from '../../resource/index.ts';

/** What the files may take together, in bytes. */
const MAX_BYTES = 256 << 20;
/** A larger one takes too long to read in one turn of the event loop; rendering it again takes less than that of many small ones. */
const MAX_ENTRY_BYTES = 512 << 10;
const MAX_ENTRIES = 50_000;

/** What a unit rendered without a problem. */
export interface Spilled {
  readonly manifests: readonly Manifest[];
  /** Approximate heap size. */
  readonly bytes: number;
}

/**
 * Renderings for which there is no room in memory, as files of this process alone. Each is sealed with a key that only this process has
 * and with what it is for: a file that was changed or exchanged counts as absent. All of it can be lost at any moment.
 */
export class SpilledRenderings {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #seal = createSeal(randomBytes(32).toString('hex'));
  readonly #files: LRUCache<string, { readonly path: string; readonly bytes: number }>;
  #prepared: Promise<unknown> | undefined;
  #made = 0;

  /** The directory is of this alone; it is created, and emptied before the first file. */
  constructor(directory: string, log: Logger, maxBytes = MAX_BYTES) {
    this.#directory = directory;
    this.#log = log;
    this.#files = new LRUCache({
      max: MAX_ENTRIES,
      maxSize: maxBytes,
      sizeCalculation: ({ bytes }) => bytes,
      dispose: ({ path }) =>
        void rm(path, { force: true }).catch((err: unknown) => log.debug({ err }, 'a rendering stays on disk')),
    });
  }

  /** Keeps a rendering in the background. */
  put(key: string, rendering: Spilled): void {
    if (this.#files.has(key)) return;
    const payload = Buffer.from(JSON.stringify(rendering));
    if (payload.length > MAX_ENTRY_BYTES) return;
    void this.#write(key, this.#seal.seal(key, payload)).catch((err: unknown) =>
      this.#log.debug({ err }, 'a rendering cannot be kept on disk'),
    );
  }

  /** What was kept under a key. */
  async get(key: string): Promise<Spilled | undefined> {
    const file = this.#files.get(key);
    const content = file && (await readFile(file.path).catch(() => undefined)); // removed meanwhile, or lost: rendered again
    const payload = content && this.#seal.open(key, content);
    return payload && (parseExactJson(Buffer.from(payload).toString('utf8')) as Spilled);
  }

  async #write(key: string, bytes: Uint8Array): Promise<void> {
    this.#prepared ??= rm(this.#directory, { recursive: true, force: true }).then(() =>
      mkdir(this.#directory, { recursive: true, mode: 0o700 }),
    );
    await this.#prepared;
    this.#made += 1;
    const path = join(this.#directory, String(this.#made));
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 });
    this.#files.set(key, { path, bytes: bytes.length });
  }
}

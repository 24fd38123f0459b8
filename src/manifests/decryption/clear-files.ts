import { LRUCache } from 'lru-cache';
import { backoffMs, type Cancellable, type Clock, FluxError } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import type { Decrypter, HiddenFiles } from './decrypter.ts';

/** A failure is remembered, so that a slow one does not use up the time of each sync. */
const AGAIN = { initialMs: 20_000, maxMs: 600_000 };
const MAX_FAILED = 5_000;

interface Failure {
  readonly error: FluxError;
  readonly count: number;
  /** By the monotonic clock. */
  readonly until: number;
}

/** What decrypts files: those that sops encrypted, and those that git-secret hides. */
export interface Decrypters {
  readonly decrypter?: Decrypter | undefined;
  readonly hiddenFiles?: HiddenFiles | undefined;
}

/** Decrypts files of revisions. What could not be decrypted is tried again after a growing pause. */
export class ClearFiles {
  readonly #decrypter: Decrypter | undefined;
  readonly #hiddenFiles: HiddenFiles | undefined;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #failed = new LRUCache<string, Failure>({ max: MAX_FAILED });

  /** Without a decrypter nothing is taken for encrypted, but for hidden files, which there are only with what decrypts them. */
  constructor({ decrypter, hiddenFiles }: Decrypters, clock: Pick<Clock, 'monotonic'>) {
    this.#decrypter = decrypter;
    this.#hiddenFiles = hiddenFiles;
    this.#clock = clock;
  }

  /** Whether a file may have to be decrypted. It parses nothing: a false yes costs a look by `of`, and there is no false no. */
  mayBeEncrypted({ hidden }: Pick<TreeFile, 'hidden'>, content: Buffer): boolean {
    return hidden ? this.#hiddenFiles !== undefined : this.#decrypter?.mayBeEncrypted(content) === true;
  }

  /**
   * The clear content of a file; undefined if it is not encrypted.
   * @throws the signal's reason; FluxError as `Decrypter` does, now or when it was tried last
   */
  async of(file: Pick<TreeFile, 'path' | 'blob' | 'hidden'>, content: Buffer, cancel: Cancellable): Promise<Buffer | undefined> {
    const decrypter = file.hidden ? this.#hiddenFiles : this.#decrypter;
    if (!decrypter || !this.mayBeEncrypted(file, content)) return undefined;
    const { path, blob } = file;
    // The name says how it is encrypted.
    const key = `${blob} ${path}`;
    const before = this.#failed.get(key);
    if (before && this.#clock.monotonic() < before.until) throw before.error;
    try {
      const clear = await decrypter.decrypt({ path, content }, cancel);
      this.#failed.delete(key);
      return clear;
    } catch (error) {
      cancel.signal?.throwIfAborted();
      if (!(error instanceof FluxError)) throw error;
      const count = (before?.count ?? 0) + 1;
      this.#failed.set(key, { error, count, until: this.#clock.monotonic() + backoffMs(count - 1, AGAIN) });
      throw error;
    }
  }
}

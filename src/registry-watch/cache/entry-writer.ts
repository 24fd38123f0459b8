import { type Clock, type Logger, type Seal, timeOfDay, waitOrAbort } from '../../base/index.ts';
import type { RepositoryState } from '../repository.ts';
import type { BasisOf } from '../signatures/verifier.ts';
import type { GuardedStore } from './guarded-store.ts';
import type { CacheEntry } from './store.ts';
import type { Unsaved } from './unsaved.ts';

export interface EntryWriterOptions {
  readonly store: GuardedStore;
  readonly seal: Seal;
  /** What the store lacks of a repository. */
  readonly unsavedOf: (state: RepositoryState) => Unsaved | undefined;
  readonly fromLabels: (name: string) => boolean;
  /** By what signatures are verified; undefined where they are not remembered. */
  readonly basisOf: BasisOf | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A repository that is to be saved. */
export interface Pending {
  readonly name: string;
  readonly state: RepositoryState;
  /** When it is scanned next, by the monotonic clock. */
  readonly nextAt: number;
}

/** Scans of about a second are written together. */
const GATHER_MS = 1_000;
/** Bytes of one write, about. */
const WRITE_BYTES = 2 ** 20;
/** Time for writing what is left when the daemon stops. */
const STOP_MS = 3_000;

/** Writes to a store, in the background, what it lacks of image repositories. What could not be written is written again in full later. */
export class EntryWriter {
  readonly #options: EntryWriterOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #stopping = new AbortController();
  #writing: Promise<void> | undefined;

  constructor(options: EntryWriterOptions) {
    this.#options = options;
  }

  /** Saves what has changed in a repository, soon. */
  save(pending: Pending): void {
    this.#pending.set(pending.name, pending);
    this.#writing ??= this.#writeSoon().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Forgets to save a repository. */
  drop(name: string): void {
    this.#pending.delete(name);
  }

  /** Writes what is left, for a few seconds at most. */
  async close(repositories: readonly Pending[]): Promise<void> {
    const { clock, log } = this.#options;
    using deadline = clock.deadline(STOP_MS);
    this.#stopping.abort();
    const last = async () => {
      await this.#writing;
      for (const each of repositories) this.#pending.set(each.name, each);
      await this.#write(deadline.signal);
    };
    await waitOrAbort(last(), deadline.signal).catch((error: unknown) => {
      if (!deadline.signal.aborted) throw error;
      log.warn({ afterMs: STOP_MS }, 'registry cache not written in full before the end');
    });
  }

  async #writeSoon(): Promise<void> {
    const { signal } = this.#stopping;
    // Woken early when the daemon stops; what is left is written by `close`.
    await this.#options.clock.sleep(GATHER_MS, { signal }).catch(() => undefined);
    if (!signal.aborted) await this.#write(undefined);
  }

  /** Writes all that is pending. A signal says that the daemon stops, and until when this may take. */
  async #write(last: AbortSignal | undefined): Promise<void> {
    const { store, seal, unsavedOf } = this.#options;
    if (store.isPaused) {
      for (const { state } of this.#taken()) unsavedOf(state)?.lost();
      return;
    }
    let batch: CacheEntry[] = [];
    let inBatch: Unsaved[] = [];
    let bytes = 0;
    const flush = async () => {
      const written = batch.length === 0 || (!last?.aborted && (await store.write(batch)));
      if (!written) for (const each of inBatch) each.lost();
      [batch, inBatch, bytes] = [[], [], 0];
      return written;
    };
    for (const pending of this.#taken()) {
      const unsaved = unsavedOf(pending.state);
      if (!unsaved) continue;
      const saving = this.#saving(pending, last !== undefined);
      for await (const { key, text } of unsaved.entries(pending.name, pending.state, saving)) {
        const value = seal.seal(key, Buffer.from(text));
        batch.push({ key, value });
        bytes += value.length;
        if (inBatch.at(-1) !== unsaved) inBatch.push(unsaved);
        if (bytes >= WRITE_BYTES && !(await flush())) break;
      }
    }
    await flush();
  }

  *#taken(): Generator<Pending> {
    for (const [name, pending] of this.#pending) {
      this.#pending.delete(name);
      yield pending;
    }
  }

  #saving({ name, nextAt }: Pending, isLast: boolean) {
    const { store, clock, fromLabels, basisOf } = this.#options;
    const timeOf = (moment: number) => timeOfDay(clock, moment);
    return {
      epoch: store.epoch,
      now: clock.now(),
      nextAt: timeOf(nextAt),
      fromLabels: fromLabels(name),
      basisOf,
      timeOf,
      isLast,
    };
  }
}

import pLimit from 'p-limit';
import { backoffMs, type Cancellable, type Clock, FluxError, hasCode, type Logger, waitOrAbort } from '../../base/index.ts';
import type { MemoryStore } from '../ports/memory.ts';
import { notKept } from './not-kept.ts';
import type { Kind, Remembered } from './remembered.ts';

/** Where the memory is. */
export type Keeping =
  /** Not read since this daemon may write, and why. */
  | { readonly in: 'unread'; readonly why?: FluxError }
  | { readonly in: 'cluster' }
  /** A restart forgets it, and why. */
  | { readonly in: 'process'; readonly why: FluxError };

export interface MemoryOptions {
  readonly store: MemoryStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
}

/** What a remembered value is to the memory. */
interface Entry {
  readonly key: string;
  /** Takes over the stored text; false if it is damaged. */
  take(text: string): boolean;
  text(): string;
  forget(): void;
}

/** Changes that come so soon after one another are one write. */
const COALESCE_MS = 1_000;
const RETRY = { initialMs: 2_000, maxMs: 60_000 };
/** A store that may not be used is tried again after so long. */
const RECONSIDER_MS = 60_000;
/** An API server that starts may refuse all reads for moments, until it knows who has which rights. */
const CONFIRM_MS = 10_000;

/** Errors that a repetition does not mend: no namespace, no right, or an API server or a policy of it that refuses the object. */
const LASTING: ReadonlySet<string> = new Set([
  'memory/no-namespace',
  'cluster/forbidden',
  'cluster/not-supported',
  'cluster/namespace-missing',
  'cluster/namespace-terminating',
  'cluster/unknown-resource',
  'cluster/invalid',
  'cluster/immutable',
  'cluster/denied',
  'cluster/too-large',
]);

/**
 * The few things that must outlast a restart and are neither in Git nor in the objects of the cluster. They are read when a term begins,
 * and written when they change. Without a place for them they are kept in the process, and `keeping` says why.
 */
export class Memory {
  readonly #options: MemoryOptions;
  readonly #entries: Entry[] = [];
  readonly #inTurn = pLimit(1);
  #keeping: Keeping = { in: 'unread' };
  /** Time of the last read by the monotonic clock. */
  #triedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  /** A refusal that may pass, and since when reads meet it, by the monotonic clock. */
  #refusal: { readonly why: FluxError; readonly since: number } | undefined;
  /** Counts the terms. */
  #term = 0;
  /** What has changed since it was written. */
  readonly #dirty = new Set<Entry>();
  #isWriting = false;
  #isLossReported = false;

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  get keeping(): Keeping {
    return this.#keeping;
  }

  /** The name of the object that holds the memory. */
  get place(): string {
    return this.#options.store.name;
  }

  /** A value of this memory; to be called before the first term. */
  remember<T>(kind: Kind<T>): Remembered<T> {
    let value = kind.empty;
    const entry: Entry = {
      key: kind.key,
      take(text) {
        const { success, data } = kind.schema.safeParse(jsonOf(text));
        value = kind.join(success ? data : kind.damaged, value);
        return success;
      },
      text: () => JSON.stringify(kind.toJson(value)),
      forget() {
        value = kind.empty;
      },
    };
    this.#entries.push(entry);
    return {
      get value() {
        return value;
      },
      note: (next) => {
        value = next;
        if (this.#keeping.in === 'process') return this.#reportLoss();
        this.#dirty.add(entry);
        this.#writeSoon();
      },
      keep: (next, cancel = {}) =>
        this.#inTurn(async () => {
          await this.#keep({ [kind.key]: JSON.stringify(kind.toJson(next)) }, cancel);
          value = next;
        }),
    };
  }

  /** Another daemon may have written, or may do so from now on: what was read no longer counts. */
  forget(): void {
    this.#term += 1;
    this.#reading = undefined;
    this.#refusal = undefined;
    this.#dirty.clear();
    if (this.#keeping.in !== 'process') this.#reset();
  }

  /** Reads the memory, unless it was read since the term began. @throws FluxError if that may succeed later. */
  async load(cancel: Cancellable = {}): Promise<void> {
    if (this.#keeping.in === 'cluster') return;
    if (this.#keeping.in === 'process' && this.#options.clock.monotonic() - this.#triedAt < RECONSIDER_MS) return;
    await this.#read(cancel);
  }

  /** Reads what another daemon, which may write, has written. @throws FluxError as `load` does. */
  async reload(cancel: Cancellable = {}): Promise<void> {
    if (this.#keeping.in === 'cluster') this.#reset();
    await this.load(cancel);
  }

  #reset(): void {
    this.#keeping = { in: 'unread' };
    for (const entry of this.#entries) entry.forget();
  }

  /** One read answers all who wait for it. */
  async #read({ signal }: Cancellable): Promise<void> {
    if (!this.#reading) {
      const reading = this.#readNow(this.#term);
      this.#reading = reading;
      const done = () => {
        if (this.#reading === reading) this.#reading = undefined;
      };
      reading.then(done, done);
    }
    await waitOrAbort(this.#reading, signal);
  }

  async #readNow(term: number): Promise<void> {
    const { store, clock, log, stopping } = this.#options;
    this.#triedAt = clock.monotonic();
    let data: Readonly<Record<string, string>>;
    try {
      data = await store.read({ signal: stopping });
    } catch (error) {
      if (term !== this.#term) throw error;
      this.#refusal = hasCode(error, 'cluster/forbidden')
        ? { why: error, since: this.#refusal?.since ?? this.#triedAt }
        : undefined;
      if (!isLasting(error)) throw error;
      if (this.#refusal && this.#keeping.in !== 'process') {
        // A suspension may be there.
        if (clock.monotonic() - this.#refusal.since < CONFIRM_MS) throw refused(error);
        this.#keepInProcess(error);
        this.#reportLoss();
      } else this.#keepInProcess(error);
      return;
    }
    if (term !== this.#term) throw new FluxError('the memory was read in an earlier term', { code: 'memory/outdated' });
    this.#refusal = undefined;
    const wasInProcess = this.#keeping.in === 'process';
    this.#keeping = { in: 'cluster' };
    for (const entry of this.#entries) {
      const text = data[entry.key];
      const isSound = text === undefined || entry.take(text);
      if (!isSound) log.warn({ configMap: store.name, key: entry.key }, 'memory is damaged; it begins again');
      if (!isSound || wasInProcess) this.#dirty.add(entry);
    }
    this.#writeSoon();
  }

  async #keep(data: Readonly<Record<string, string>>, cancel: Cancellable): Promise<void> {
    // A person asks, who may have granted the right just now.
    if (this.#keeping.in !== 'cluster') {
      await this.#read(cancel).catch((error: unknown) => {
        throw this.#refusal && hasCode(error, 'memory/refused') ? notKept(this.#refusal.why, this.place) : error;
      });
    }
    if (this.#keeping.in === 'process') throw notKept(this.#keeping.why, this.place);
    try {
      await this.#options.store.write(data, cancel);
    } catch (error) {
      if (!isLasting(error)) {
        // It may have been written all the same.
        this.#keeping = { in: 'unread' };
        throw error;
      }
      this.#keepInProcess(error);
      throw notKept(error, this.place);
    }
  }

  /** What is noted before the memory was read is written after that. */
  #writeSoon(): void {
    if (this.#isWriting || this.#dirty.size === 0 || this.#keeping.in !== 'cluster') return;
    this.#isWriting = true;
    this.#writeAll().catch((error: unknown) => {
      if (!this.#options.stopping.aborted) throw error;
    });
  }

  async #writeAll(): Promise<void> {
    const { clock, stopping } = this.#options;
    try {
      for (let failures = 0; ; ) {
        await clock.sleep(failures === 0 ? COALESCE_MS : backoffMs(failures - 1, RETRY), { signal: stopping });
        if (this.#dirty.size === 0 || this.#keeping.in !== 'cluster') return;
        failures = await this.#writeOnce(failures);
      }
    } finally {
      this.#isWriting = false;
    }
  }

  /** Resolves to the number of failures in a row. */
  async #writeOnce(failures: number): Promise<number> {
    const { log, stopping } = this.#options;
    const changed = [...this.#dirty];
    try {
      await this.#inTurn(() => this.#writeNow());
      return 0;
    } catch (error) {
      if (isLasting(error)) {
        this.#keepInProcess(error);
        this.#reportLoss();
        return 0;
      }
      // The next term reads the memory again.
      if (stopping.aborted || hasCode(error, 'lease/not-held')) return 0;
      if (failures === 0) log.warn({ err: error }, 'memory not written; retrying');
      for (const entry of changed) this.#dirty.add(entry);
      return failures + 1;
    }
  }

  async #writeNow(): Promise<void> {
    if (this.#keeping.in !== 'cluster') return;
    const data = Object.fromEntries([...this.#dirty].map((entry) => [entry.key, entry.text()]));
    this.#dirty.clear();
    await this.#options.store.write(data, { signal: this.#options.stopping });
  }

  #keepInProcess(why: FluxError): void {
    this.#keeping = { in: 'process', why };
    this.#dirty.clear();
  }

  /** Once: when something is to be remembered, or a suspension may be there. */
  #reportLoss(): void {
    if (this.#isLossReported || this.#keeping.in !== 'process') return;
    this.#isLossReported = true;
    const { message, help } = notKept(this.#keeping.why, this.place);
    this.#options.log.warn({ reason: message, help }, 'memory is kept in the process: minimum ages begin again after a restart');
  }
}

function refused(why: FluxError): FluxError {
  return new FluxError(`it is unknown whether automation is suspended: ${why.message}`, {
    code: 'memory/refused',
    help: `Automation goes on without this memory if the refusal lasts for ${CONFIRM_MS / 1000} s (docs/rights.md).`,
    cause: why,
    expected: true,
  });
}

function isLasting(error: unknown): error is FluxError {
  return error instanceof FluxError && LASTING.has(error.code);
}

/** Undefined for a text that is not JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

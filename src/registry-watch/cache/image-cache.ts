import { type Clock, type Logger, timeOfDay, waitOrAbort, yieldTurn } from '../../base/index.ts';
import { parsedJson } from '../parsed-json.ts';
import { RepositoryState } from '../repository.ts';
import { GuardedStore, type OnCacheOperation } from './guarded-store.ts';
import { keyOf } from './keys.ts';
import { decodeKnown, digestOfKnown } from './known-tags.ts';
import { isFresh, ScanHeader, type TagRecord } from './record.ts';
import { createSeal, type Seal } from './seal.ts';
import { type CacheEntry, type CacheStore, isShared } from './store.ts';
import { decodeTags } from './tag-blocks.ts';
import { Unsaved } from './unsaved.ts';

export interface ImageCacheOptions {
  readonly store: CacheStore;
  /** Seals the entries; empty for a store that only this daemon writes to. */
  readonly secret: string;
  /** Deadline of one operation of the store, in milliseconds. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the creation times of a repository's images are those of their labels. */
  readonly fromLabels: (name: string) => boolean;
  readonly onOperation?: OnCacheOperation | undefined;
}

/** A watched repository, by canonical name. */
export interface Cached {
  readonly name: string;
  readonly state: RepositoryState;
}

/** The scan of another daemon. */
export interface AnotherScan {
  readonly header: ScanHeader;
  readonly tags: readonly string[];
  /** What it knows of tags that is not known here; due by the monotonic clock. */
  readonly known: readonly TagRecord[];
  /** When the repository is to be scanned next, by the monotonic clock. */
  readonly nextAt: number;
}

interface Pending extends Cached {
  /** When it is scanned next, by the monotonic clock. */
  readonly nextAt: number;
}

/** Scans of about a second are written together. */
const GATHER_MS = 1_000;
const WRITE_BYTES = 2 ** 20;
/** Entries of one read, about, and repositories whose first entries are read together. */
const READ_ENTRIES = 64;
/** Time for writing what is left when the daemon stops. */
const STOP_MS = 3_000;

/**
 * Remembers image repositories across restarts: it reads before the first scan of a repository, and writes after scans, in the
 * background. It never fails and never waits long. What the store has of a repository is not replaced before it was read.
 */
export class ImageCache {
  readonly #options: ImageCacheOptions;
  readonly #store: GuardedStore;
  readonly #seal: Seal;
  readonly #unsaved = new WeakMap<RepositoryState, Unsaved>();
  readonly #pending = new Map<string, Pending>();
  readonly #stopping = new AbortController();
  #writing: Promise<void> | undefined;

  constructor(options: ImageCacheOptions) {
    this.#options = options;
    this.#store = new GuardedStore(options);
    this.#seal = createSeal(options.secret);
  }

  /** The state of a repository that is to be cached. */
  createState(): RepositoryState {
    const unsaved = new Unsaved();
    const state = new RepositoryState(unsaved);
    this.#unsaved.set(state, unsaved);
    return state;
  }

  /** Whether the store has not said yet what it has of a repository. It is to be restored before a scan, and is not saved until then. */
  isUnread(state: RepositoryState): boolean {
    return this.#unsaved.get(state)?.isUnread === true;
  }

  /**
   * Restores what is remembered of repositories. Resolves to those of which something is, and to when they are due, by the monotonic
   * clock, if their list is in time.
   */
  async restore(repositories: readonly Cached[]): Promise<ReadonlyMap<string, number | undefined>> {
    const { clock, log } = this.#options;
    const states = new Map(repositories.map(({ name, state }) => [name, state]));
    const restored = new Map<string, number | undefined>();
    const damaged: string[] = [];
    const headers = await this.#headersOf([...states.keys()], damaged);
    for (const [name, state] of states) if (headers?.has(name) === false) this.#unsaved.get(state)?.read();
    for (const group of grouped(headers ?? [])) {
      const texts = await this.#read(
        group.flatMap(([name, header]) => keysOf(name, header)),
        damaged,
      );
      if (texts === undefined) break;
      for (const [name, header] of group) {
        const state = states.get(name);
        if (state && this.#restoreOne({ name, state }, header, texts))
          restored.set(name, state.scannedAt === undefined ? undefined : clock.monotonic() + header.nextAt - clock.now());
        await yieldTurn();
      }
    }
    if (damaged.length > 0)
      log.warn(
        { entries: damaged.length, first: damaged[0] },
        'entries of the registry cache ignored: they were changed, or written with another key',
      );
    return restored;
  }

  /** Saves what has changed in a repository, soon. */
  save(pending: Pending): void {
    this.#pending.set(pending.name, pending);
    this.#writing ??= this.#writeSoon().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Forgets to save a repository that is not watched any more. */
  drop(name: string): void {
    this.#pending.delete(name);
  }

  /** Writes what is left, for a few seconds at most, and closes the store. */
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
    await this.#store.close();
  }

  /** Whether other daemons use the store, so that one of them scans for all. */
  get isShared(): boolean {
    return isShared(this.#options.store);
  }

  /** The scan of another daemon that is in time and newer than the last known one. */
  async scanOfAnother({ name, state }: Cached): Promise<AnotherScan | undefined> {
    const damaged: string[] = [];
    const header = (await this.#headersOf([name], damaged))?.get(name);
    const { clock, fromLabels } = this.#options;
    const isNew = header && isFresh(header, clock.now()) && header.scannedAt > (state.scannedAt ?? 0);
    if (!isNew || header.fromLabels !== fromLabels(name)) return undefined;
    const saved = this.#unsaved.get(state)?.saved;
    const missing = saved?.buckets.length === header.buckets.length ? saved.buckets : [];
    const changed = header.buckets.map((digest, bucket) => (digest === missing[bucket] ? '' : digest));
    const isSameList = saved?.digest === header.digest && header.blocks === saved.blocks;
    const wanted = { ...header, buckets: changed, blocks: isSameList ? 0 : header.blocks };
    const texts = await this.#read(keysOf(name, wanted), damaged);
    if (texts === undefined) return undefined;
    const tags = isSameList ? state.tags : tagsIn(name, header, texts);
    const known = this.#knownIn(name, wanted, texts);
    if (tags === undefined || !known.isWhole) return undefined;
    return { header, tags, known: known.tags, nextAt: clock.monotonic() + header.nextAt - clock.now() };
  }

  /** Notes that the state has what the store has. */
  adopted(state: RepositoryState, { header }: AnotherScan): void {
    this.#unsaved.get(state)?.restored(header, state.tags, { epoch: this.#store.epoch, now: this.#options.clock.now() });
  }

  /** Whether to scan a repository, since no other daemon has begun to within the time; without the store, yes. */
  async mayScan(name: string, ms: number): Promise<boolean> {
    const { store } = this.#options;
    if (!isShared(store)) return true;
    return (await this.#store.attempt('SetKey', (signal) => store.claim(keyOf.claim(name), ms, signal))) ?? true;
  }

  /** The last scans, by repository; undefined if the store does not answer. */
  async #headersOf(names: readonly string[], damaged: string[]): Promise<ReadonlyMap<string, ScanHeader> | undefined> {
    const texts = await this.#read(names.map(keyOf.scan), damaged);
    if (texts === undefined) return undefined;
    return new Map(
      names.flatMap((name) => {
        const header = ScanHeader.safeParse(parsedJson(texts.get(keyOf.scan(name))));
        return header.success ? [[name, header.data] as const] : [];
      }),
    );
  }

  /** Whether all that belongs to the scan was there. */
  #restoreOne({ name, state }: Cached, header: ScanHeader, texts: ReadonlyMap<string, string>): boolean {
    const { clock, fromLabels } = this.#options;
    const unsaved = this.#unsaved.get(state);
    unsaved?.read();
    const tags = tagsIn(name, header, texts);
    if (tags === undefined) return false;
    const now = clock.now();
    const inTime = isFresh(header, now);
    const known = header.fromLabels === fromLabels(name) ? this.#knownIn(name, header, texts).tags : [];
    // An old entry may have been put back by someone else: what it says is checked before its time.
    const isDoubtful = this.isShared && !inTime;
    const believed = isDoubtful ? known.map(({ check, ...rest }) => ({ ...rest, check: { ...check, dueAt: 0 } })) : known;
    state.restore({ tags, known: believed, scannedAt: header.scannedAt }, inTime);
    unsaved?.restored(header, tags, { epoch: this.#store.epoch, now });
    return true;
  }

  /** What the entries with these digests say of tags, due by the monotonic clock, and whether all of them were there. */
  #knownIn(name: string, { buckets }: Pick<ScanHeader, 'buckets'>, texts: ReadonlyMap<string, string>) {
    const { clock } = this.#options;
    const offset = clock.monotonic() - clock.now();
    let isWhole = true;
    const tags = buckets.flatMap((digest, bucket) => {
      if (digest === '') return [];
      const text = texts.get(keyOf.known(name, bucket));
      if (text === undefined || digestOfKnown(text) !== digest) {
        isWhole = false;
        return [];
      }
      return decodeKnown(text).map(({ check, ...rest }) => ({ ...rest, check: { ...check, dueAt: check.dueAt + offset } }));
    });
    return { tags, isWhole };
  }

  /** The texts under the keys that have one, and whose seal is intact; undefined if the store does not answer. */
  async #read(keys: readonly string[], damaged: string[]): Promise<ReadonlyMap<string, string> | undefined> {
    const values = await this.#store.read(keys);
    if (values === undefined) return undefined;
    const found = new Map<string, string>();
    for (const [key, value] of values) {
      const payload = this.#seal.open(key, value);
      if (payload) found.set(key, Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8'));
      else damaged.push(key);
    }
    return found;
  }

  async #writeSoon(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    // Woken early when the daemon stops; what is left is written by `close`.
    await clock.sleep(GATHER_MS, { signal }).catch(() => undefined);
    if (!signal.aborted) await this.#write(undefined);
  }

  /** Writes all that is pending. A signal says that the daemon stops, and until when this may take. */
  async #write(last: AbortSignal | undefined): Promise<void> {
    if (this.#store.isPaused) {
      for (const { state } of this.#taken()) this.#unsaved.get(state)?.lost();
      return;
    }
    let batch: CacheEntry[] = [];
    let inBatch: Unsaved[] = [];
    let bytes = 0;
    const flush = async () => {
      const written = batch.length === 0 || (!last?.aborted && (await this.#store.write(batch)));
      if (!written) for (const each of inBatch) each.lost();
      [batch, inBatch, bytes] = [[], [], 0];
      return written;
    };
    for (const pending of this.#taken()) {
      const unsaved = this.#unsaved.get(pending.state);
      if (!unsaved) continue;
      for (const { key, text } of unsaved.entries(pending.name, pending.state, this.#saving(pending, last !== undefined))) {
        const value = this.#seal.seal(key, Buffer.from(text));
        batch.push({ key, value });
        bytes += value.length;
        if (inBatch.at(-1) !== unsaved) inBatch.push(unsaved);
        if (bytes < WRITE_BYTES) continue;
        if (!(await flush())) break;
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
    const { clock, fromLabels } = this.#options;
    const timeOf = (moment: number) => timeOfDay(clock, moment);
    return {
      epoch: this.#store.epoch,
      now: clock.now(),
      nextAt: timeOf(nextAt),
      fromLabels: fromLabels(name),
      timeOf,
      isLast,
    };
  }
}

/** Repositories whose entries are read together. */
function* grouped(headers: Iterable<readonly [string, ScanHeader]>) {
  let group: (readonly [string, ScanHeader])[] = [];
  let entries = 0;
  for (const each of headers) {
    group.push(each);
    entries += each[1].blocks + each[1].buckets.length;
    if (entries < READ_ENTRIES) continue;
    yield group;
    [group, entries] = [[], 0];
  }
  if (group.length > 0) yield group;
}

function keysOf(name: string, { blocks, buckets }: ScanHeader): readonly string[] {
  return [
    ...range(blocks).map((block) => keyOf.tags(name, block)),
    ...buckets.flatMap((digest, bucket) => (digest === '' ? [] : [keyOf.known(name, bucket)])),
  ];
}

function tagsIn(name: string, { blocks, digest }: ScanHeader, texts: ReadonlyMap<string, string>): readonly string[] | undefined {
  return decodeTags(
    range(blocks).flatMap((block) => texts.get(keyOf.tags(name, block)) ?? []),
    digest,
  );
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}

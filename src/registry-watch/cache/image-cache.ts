import { type Clock, createSeal, type Logger } from '../../base/index.ts';
import type { RegistryCacheFailure } from '../../image/index.ts';
import { RepositoryState, type Restored } from '../repository.ts';
import type { BasisOf } from '../signatures/verifier.ts';
import { EntryReader, keysOf, readTogether } from './entry-reader.ts';
import { EntryWriter, type Pending } from './entry-writer.ts';
import { GuardedStore, type OnCacheOperation } from './guarded-store.ts';
import { keyOf } from './keys.ts';
import { isFresh, isPast, type ScanHeader, type TagRecord } from './record.ts';
import { type CacheStore, isShared } from './store.ts';
import { type Saved, Unsaved } from './unsaved.ts';

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
  /** By what signatures are verified. Valid ones are remembered only with a secret: who could write one would choose the images. */
  readonly basisOf?: BasisOf | undefined;
  readonly onOperation?: OnCacheOperation | undefined;
}

/** A watched repository, by canonical name. */
export interface Cached {
  readonly name: string;
  readonly state: RepositoryState;
}

/** The scan of another daemon; of tags, what is not known here. Times of tags are by the monotonic clock. */
export interface AnotherScan extends Restored {
  readonly header: ScanHeader;
  /** When the repository is to be scanned next, by the monotonic clock. */
  readonly nextAt: number;
  /** What this daemon had written last when it read the scan. */
  readonly saved: Saved | undefined;
}

/**
 * Remembers image repositories across restarts: it reads before the first scan of a repository, and writes after scans, in the
 * background. It never fails and never waits long. What the store has of a repository is not replaced before it was read.
 */
export class ImageCache {
  readonly #options: ImageCacheOptions;
  readonly #store: GuardedStore;
  readonly #reader: EntryReader;
  readonly #writer: EntryWriter;
  readonly #unsaved = new WeakMap<RepositoryState, Unsaved>();

  constructor(options: ImageCacheOptions) {
    this.#options = options;
    const store = new GuardedStore(options);
    const seal = createSeal(options.secret);
    this.#store = store;
    const basisOf = options.secret === '' ? undefined : options.basisOf;
    this.#reader = new EntryReader({ ...options, store, seal, basisOf });
    this.#writer = new EntryWriter({ ...options, store, seal, basisOf, unsavedOf: (state) => this.#unsaved.get(state) });
  }

  /** Why the store does not work, and since when; undefined if it does. */
  get failure(): RegistryCacheFailure | undefined {
    return this.#store.failure;
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
   * Restores what is remembered of repositories. Calls `onRestored` for each of which something is, in the same turn of the event loop,
   * with when it is due, by the monotonic clock, if its list is in time.
   */
  async restore(
    repositories: readonly Cached[],
    onRestored: (name: string, dueAt: number | undefined) => void = () => undefined,
  ): Promise<void> {
    const { log } = this.#options;
    const states = new Map(repositories.map(({ name, state }) => [name, state]));
    const damaged: string[] = [];
    const headers = await this.#reader.headers([...states.keys()], damaged);
    for (const [name, state] of states) if (headers?.has(name) === false) this.#unsaved.get(state)?.read();
    for (const group of readTogether(headers ?? [])) {
      const texts = await this.#reader.texts(
        group.flatMap(([name, header]) => keysOf(name, header)),
        damaged,
      );
      if (texts === undefined) break;
      for (const [name, header] of group) {
        const state = states.get(name);
        if (state) await this.#restoreOne({ name, state }, header, texts, onRestored);
      }
    }
    if (damaged.length > 0)
      log.warn(
        { entries: damaged.length, first: damaged[0] },
        'entries of the registry cache ignored: they were changed, or written with another key',
      );
  }

  /** Saves what has changed in a repository, soon. */
  save(pending: Pending): void {
    this.#writer.save(pending);
  }

  /** Forgets to save a repository that is not watched any more. */
  drop(name: string): void {
    this.#writer.drop(name);
  }

  /** Writes what is left, for a few seconds at most, and closes the store. */
  async close(repositories: readonly Pending[]): Promise<void> {
    await this.#writer.close(repositories);
    await this.#store.close();
  }

  /** Whether other daemons use the store, so that one of them scans for all. */
  get isShared(): boolean {
    return isShared(this.#options.store);
  }

  /** The scan of another daemon that is in time and newer than the last known one. */
  async scanOfAnother({ name, state }: Cached): Promise<AnotherScan | undefined> {
    const damaged: string[] = [];
    const header = (await this.#reader.headers([name], damaged))?.get(name);
    const { clock, fromLabels } = this.#options;
    const isNew = header && isFresh(header, clock.now()) && header.scannedAt > (state.scannedAt ?? 0);
    if (!isNew || header.fromLabels !== fromLabels(name)) return undefined;
    const saved = this.#unsaved.get(state)?.saved;
    const missing = saved?.buckets.length === header.buckets.length ? saved.buckets : [];
    const changed = header.buckets.map((digest, bucket) => (digest === missing[bucket] ? '' : digest));
    const isSameList = saved?.tags === state.tags && saved.digest === header.digest && saved.blocks === header.blocks;
    const wanted = { ...header, buckets: changed, blocks: isSameList ? 0 : header.blocks };
    const texts = await this.#reader.texts(keysOf(name, wanted), damaged);
    if (texts === undefined) return undefined;
    const tags = isSameList ? state.tags : await this.#reader.tags(name, header, texts);
    if (tags === undefined) return undefined;
    const known: TagRecord[] = [];
    for await (const records of this.#reader.known(name, wanted, texts)) {
      if (records === undefined) return undefined;
      known.push(...records);
    }
    const nextAt = clock.monotonic() + header.nextAt - clock.now();
    return { ...this.#saidBy(name, header, texts), header, tags, known, nextAt, saved };
  }

  /** Notes that the state has what the store has, unless this daemon has written meanwhile. */
  adopted(state: RepositoryState, { header, saved }: AnotherScan): void {
    const unsaved = this.#unsaved.get(state);
    if (unsaved?.saved !== saved) unsaved?.lost();
    else unsaved?.restored(header, state.tags, { epoch: this.#store.epoch, now: this.#options.clock.now() });
  }

  /** Whether to scan a repository, since no other daemon has begun to within the time; without the store, yes. */
  async mayScan(name: string, ms: number): Promise<boolean> {
    const { store } = this.#options;
    if (!isShared(store)) return true;
    return (await this.#store.attempt('SetKey', (signal) => store.claim(keyOf.claim(name), ms, signal))) ?? true;
  }

  /** What a scan says of its list, and of signatures. Times are by the monotonic clock. */
  #saidBy(name: string, header: ScanHeader, texts: ReadonlyMap<string, string>): Omit<Restored, 'tags' | 'known'> {
    const { clock } = this.#options;
    const { scannedAt, requests, confirmable } = header;
    const verified = this.#reader.verified(name, header, texts);
    if (!confirmable || !isPast(confirmable.readAt, clock.now())) return { scannedAt, requests, verified };
    const readAt = confirmable.readAt + clock.monotonic() - clock.now();
    return { scannedAt, requests, verified, confirmable: { ...confirmable, readAt } };
  }

  async #restoreOne(
    { name, state }: Cached,
    header: ScanHeader,
    texts: ReadonlyMap<string, string>,
    onRestored: (name: string, dueAt: number | undefined) => void,
  ): Promise<void> {
    const { clock, fromLabels } = this.#options;
    const unsaved = this.#unsaved.get(state);
    const tags = await this.#reader.tags(name, header, texts);
    if (tags === undefined) {
      unsaved?.read();
      return;
    }
    // An old entry may have been put back by someone else: what it says is checked before its time.
    const isDoubtful = this.isShared && !isFresh(header, clock.now());
    const wanted = header.fromLabels === fromLabels(name) ? header : { buckets: [] };
    let listed: ReadonlySet<string> | undefined;
    for await (const known of this.#reader.known(name, wanted, texts)) {
      // Of most tags of a large repository nothing is known.
      listed ??= new Set(state.scannedAt === undefined ? tags : state.tags);
      if (known) state.restoreTags(isDoubtful ? known.map(dueAtOnce) : known, listed);
    }
    // Only with its list a repository is seen: in one turn, with when it is due.
    const now = clock.now();
    const inTime = isFresh(header, now);
    state.restoreList({ ...this.#saidBy(name, header, texts), tags }, inTime);
    unsaved?.restored(header, tags, { epoch: this.#store.epoch, now });
    onRestored(name, inTime ? clock.monotonic() + header.nextAt - now : undefined);
  }
}

function dueAtOnce({ check, ...rest }: TagRecord): TagRecord {
  return { ...rest, check: { ...check, dueAt: 0 } };
}

import { type Detail, metadataOf } from '../object/live.ts';
import { Copy } from './copy.ts';
import type { WatchEvent } from './event-stream.ts';
import { isLater, laterOf } from './version.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface StoreOptions<T> {
  readonly detail: Detail;
  /** Reduces an object to its stored part. */
  readonly trim: (object: Fields) => T;
  /** Called after an object was added, changed or removed, except for the first list. Must not throw. */
  readonly onChange?: ((key: string) => void) | undefined;
}

/** Key of an object within its kind. */
export function objectKeyIn(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

function keyOf(object: Fields): string {
  const { namespace, name } = metadataOf(object);
  return objectKeyIn(namespace, name);
}

/** The local copy of a reflector, updated by lists, events and responses to our own writes, in any order; duplicate and late updates are ignored. */
export class Store<T> {
  readonly #options: StoreOptions<T>;
  #copy = new Copy<T>();
  #version: string | undefined;
  #changes = 0;

  constructor(options: StoreOptions<T>) {
    this.#options = options;
  }

  get objects(): ReadonlyMap<string, T> {
    return this.#copy.objects;
  }

  /** The resourceVersion of the copy; undefined before the first list. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Counts every change of `objects`. */
  get changes(): number {
    return this.#changes;
  }

  /** Adds an object to an incomplete list. */
  add(incoming: Copy<T>, object: Fields): void {
    const { name, namespace, resourceVersion = '' } = metadataOf(object);
    incoming.set(objectKeyIn(namespace, name), resourceVersion, this.#options.trim(object));
  }

  /** Removes an object from an incomplete list. */
  remove(incoming: Copy<T>, object: Fields): void {
    incoming.delete(keyOf(object));
  }

  /** Replaces the copy with a complete list of version `listedAt`. */
  replace(incoming: Copy<T>, listedAt: string): void {
    const before = this.#copy;
    const isFirst = this.#version === undefined;
    // A restored server has none of the later changes.
    const goesOn = !isLater(this.#version ?? '0', listedAt);
    for (const [key, value, known] of goesOn ? before.entries() : []) {
      // Our own write is newer than the list.
      if (isLater(known, listedAt) && isLater(known, incoming.version(key) ?? '0')) incoming.set(key, known, value);
    }
    this.#copy = incoming;
    this.#changes += 1;
    this.#version = listedAt;
    if (isFirst) return;
    for (const key of new Set([...before.objects.keys(), ...incoming.objects.keys()])) {
      if (before.version(key) !== incoming.version(key)) this.#options.onChange?.(key);
    }
  }

  /** Applies an event of the watch. False if events are out of order, so that a new list is needed. */
  take(event: WatchEvent): boolean {
    const { type, object, resourceVersion } = event;
    if (type === 'bookmark' || type === 'synced') {
      this.#version = laterOf(this.#version ?? '0', resourceVersion);
      return true;
    }
    const { detail, trim, onChange } = this.#options;
    const key = keyOf(object);
    const known = this.#copy.version(key);
    // Events of one watch are ordered by version. An old one for a missing object is late, or from before its deletion.
    const isNew = this.#version === undefined || isLater(resourceVersion, this.#version);
    if (!isNew && known === undefined) return false;
    const isOld = known !== undefined && known !== resourceVersion && !isLater(resourceVersion, known);
    if (!isOld && type === 'deleted') this.#copy.delete(key);
    // The response to our own write contained the same metadata.
    else if (!isOld && (known !== resourceVersion || detail === 'whole')) this.#copy.set(key, resourceVersion, trim(object));
    this.#changes += 1;
    this.#version = laterOf(this.#version ?? '0', resourceVersion);
    // The response to our own write was applied already.
    if (!isOld && known !== resourceVersion) onChange?.(key);
    return true;
  }

  /**
   * Applies the response to a write, before the watch delivers the complete event; `merge` combines it with the stored part until then.
   */
  note(object: Fields, merge: (kept: T | undefined) => T): void {
    const { resourceVersion } = metadataOf(object);
    if (resourceVersion === undefined) return;
    const key = keyOf(object);
    const known = this.#copy.version(key);
    // The watch is ahead of the late response: an object that it does not show any more was deleted.
    const isPast = known === undefined && this.#version !== undefined && !isLater(resourceVersion, this.#version);
    if (isPast || (known !== undefined && !isLater(resourceVersion, known))) return;
    this.#copy.set(key, resourceVersion, merge(this.#copy.objects.get(key)));
    this.#changes += 1;
  }
}

import { type Detail, metadataOf } from '../object/live.ts';
import { Copy } from './copy.ts';
import type { WatchEvent } from './event-stream.ts';
import { isLater, laterOf } from './version.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface StoreOptions<T> {
  readonly detail: Detail;
  /** What is kept of an object; everything else is forgotten as it arrives. */
  readonly trim: (object: Fields) => T;
  /** Called after an object came, changed or went; not for the objects of the first list. Must not throw. */
  readonly onChange?: ((key: string) => void) | undefined;
}

/** Key of an object among those of its kind. */
export function objectKeyIn(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

function keyOf(object: Fields): string {
  const { namespace, name } = metadataOf(object);
  return objectKeyIn(namespace, name);
}

/** The copy of a reflector: takes lists, events and the answers to our own writes, whichever comes first; what comes twice or late changes nothing. */
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

  /** The state of the cluster that the copy stands for; undefined before the first list. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Counts every change of `objects`. */
  get changes(): number {
    return this.#changes;
  }

  /** Adds an object to a list that is not whole yet. */
  add(incoming: Copy<T>, object: Fields): void {
    const { name, namespace, resourceVersion = '' } = metadataOf(object);
    incoming.set(objectKeyIn(namespace, name), resourceVersion, this.#options.trim(object));
  }

  /** Takes an object out of a list that is not whole yet. */
  remove(incoming: Copy<T>, object: Fields): void {
    incoming.delete(keyOf(object));
  }

  /** Takes a whole list, of the state `listedAt`. */
  replace(incoming: Copy<T>, listedAt: string): void {
    const before = this.#copy;
    const isFirst = this.#version === undefined;
    // A server that went back in time keeps nothing of what came later.
    const goesOn = !isLater(this.#version ?? '0', listedAt);
    for (const [key, value, known] of goesOn ? before.entries() : []) {
      // A write of ours that is younger than the list.
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

  /** Takes an event of the watch. False when the events come in disorder: only a list tells what is there then. */
  take(event: WatchEvent): boolean {
    const { type, object, resourceVersion } = event;
    if (type === 'bookmark' || type === 'synced') {
      this.#version = laterOf(this.#version ?? '0', resourceVersion);
      return true;
    }
    const { detail, trim, onChange } = this.#options;
    const key = keyOf(object);
    const known = this.#copy.version(key);
    // Events of one watch come in the order of their versions. An old one of an object that is not here may be late, or a second
    // one of before its deletion.
    const isNew = this.#version === undefined || isLater(resourceVersion, this.#version);
    if (!isNew && known === undefined) return false;
    const isOld = known !== undefined && known !== resourceVersion && !isLater(resourceVersion, known);
    if (!isOld && type === 'deleted') this.#copy.delete(key);
    // An answer to a write of ours held the same metadata.
    else if (!isOld && (known !== resourceVersion || detail === 'whole')) this.#copy.set(key, resourceVersion, trim(object));
    this.#changes += 1;
    this.#version = laterOf(this.#version ?? '0', resourceVersion);
    // What a write of ours answered already is no news.
    if (!isOld && known !== resourceVersion) onChange?.(key);
    return true;
  }

  /**
   * Takes what a write answered, which the watch will say too, a moment later and in full; `merge` makes of it, and of what is
   * kept so far, what is kept until then.
   */
  note(object: Fields, merge: (kept: T | undefined) => T): void {
    const { resourceVersion } = metadataOf(object);
    if (resourceVersion === undefined) return;
    const key = keyOf(object);
    const known = this.#copy.version(key);
    // The watch is past it: what it does not show any more is gone, though the answer to our write comes late.
    const isPast = known === undefined && this.#version !== undefined && !isLater(resourceVersion, this.#version);
    if (isPast || (known !== undefined && !isLater(resourceVersion, known))) return;
    this.#copy.set(key, resourceVersion, merge(this.#copy.objects.get(key)));
    this.#changes += 1;
  }
}

import { type KubeObject, metaOf } from './object.ts';

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  /** The previous object, for watchers whose selector it starts or stops matching. */
  readonly previous?: KubeObject;
  readonly version: number;
}

export interface Store {
  /** The version of the last write, which lists and bookmarks report. */
  version(): number;
  get(key: string, namespace: string | undefined, name: string): KubeObject | undefined;
  /** Objects of one resource, sorted by key; of all namespaces if none is given. */
  list(key: string, namespace?: string): readonly KubeObject[];
  /** Stores and returns the object with its new resourceVersion. */
  put(key: string, object: KubeObject): KubeObject;
  remove(key: string, object: KubeObject): KubeObject;
  /** Events after `version`, oldest first; undefined if some were dropped. */
  since(key: string, version: number): readonly StoreEvent[] | undefined;
  subscribe(key: string, listener: (event: StoreEvent) => void): () => void;
  subscribeAll(listener: (key: string, event: StoreEvent) => void): () => void;
  /** Drops the history, so that older watches fail with 410, as after a compaction of etcd. */
  compact(): void;
  /** The oldest version that a watch may start from. */
  oldest(): number;
}

/** In-memory objects with a common version counter and a bounded event history for watches. */
export function createStore(historyLimit: number): Store {
  const tables = new Map<string, Map<string, KubeObject>>();
  const sorted = new Map<string, readonly KubeObject[]>();
  const histories = new Map<string, StoreEvent[]>();
  const forgotten = new Map<string, number>();
  const listeners = new Map<string, Set<(event: StoreEvent) => void>>();
  const everything = new Set<(key: string, event: StoreEvent) => void>();
  let compacted = 0;
  let version = 1;

  const tableOf = (key: string) => {
    let table = tables.get(key);
    if (!table) {
      table = new Map();
      tables.set(key, table);
    }
    return table;
  };
  const nameOf = (object: KubeObject) => {
    const { namespace, name } = metaOf(object);
    return namespace === undefined ? name : `${namespace}/${name}`;
  };
  const record = (key: string, event: StoreEvent) => {
    sorted.delete(key);
    const history = histories.get(key) ?? [];
    histories.set(key, history);
    history.push(event);
    if (history.length > historyLimit * 1.25) {
      const dropped = history.splice(0, history.length - historyLimit);
      forgotten.set(key, dropped.at(-1)?.version ?? 0);
    }
    for (const listener of listeners.get(key) ?? []) listener(event);
    for (const listener of everything) listener(key, event);
  };
  const stamped = (object: KubeObject): KubeObject => {
    version++;
    return { ...object, metadata: { ...(object.metadata as KubeObject), resourceVersion: String(version) } };
  };

  return {
    version: () => version,
    get: (key, namespace, name) => tables.get(key)?.get(namespace === undefined ? name : `${namespace}/${name}`),
    list: (key, namespace) => {
      let all = sorted.get(key);
      if (!all) {
        all = [...tableOf(key)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
        sorted.set(key, all);
      }
      return namespace === undefined ? all : all.filter((object) => metaOf(object).namespace === namespace);
    },
    put: (key, object) => {
      const table = tableOf(key);
      const name = nameOf(object);
      const previous = table.get(name);
      const stored = stamped(object);
      table.set(name, stored);
      record(key, { type: previous ? 'MODIFIED' : 'ADDED', object: stored, ...(previous ? { previous } : {}), version });
      return stored;
    },
    remove: (key, object) => {
      tableOf(key).delete(nameOf(object));
      const removed = stamped(object);
      record(key, { type: 'DELETED', object: removed, previous: object, version });
      return removed;
    },
    since: (key, from) => {
      if (from < compacted || from < (forgotten.get(key) ?? 0)) return undefined;
      return (histories.get(key) ?? []).filter((event) => event.version > from);
    },
    subscribe: (key, listener) => {
      const set = listeners.get(key) ?? new Set();
      listeners.set(key, set);
      set.add(listener);
      return () => void set.delete(listener);
    },
    subscribeAll: (listener) => {
      everything.add(listener);
      return () => void everything.delete(listener);
    },
    compact: () => {
      histories.clear();
      // Skips a version, so that a watch from the latest list fails as well.
      compacted = ++version;
    },
    oldest: () => compacted,
  };
}

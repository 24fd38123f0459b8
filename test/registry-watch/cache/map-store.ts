import type { CacheStore, SharedStore } from '../../../src/registry-watch/cache/store.ts';

export type Operation = 'read' | 'write' | 'close';

/** A store in memory that outlives the daemons that use it. `fault` runs before an operation, and may throw or hang. */
export class MapStore implements CacheStore {
  readonly entries = new Map<string, Uint8Array>();
  readonly written: string[] = [];
  epoch = 1;
  fault: (operation: Operation) => Promise<void> | void = () => undefined;

  async read(keys: readonly string[]) {
    await this.fault('read');
    return new Map(keys.flatMap((key) => (this.entries.has(key) ? [[key, this.entries.get(key) ?? Buffer.of()] as const] : [])));
  }

  async write(entries: readonly { readonly key: string; readonly value: Uint8Array }[]) {
    await this.fault('write');
    for (const { key, value } of entries) {
      this.entries.set(key, value);
      this.written.push(key);
    }
  }

  async close() {
    await this.fault('close');
  }
}

/** One that several daemons use. Claims expire by the clock. */
export class SharedMapStore extends MapStore implements SharedStore {
  readonly claims = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    super();
    this.#now = now;
  }

  async claim(key: string, ms: number): Promise<boolean> {
    await this.fault('write');
    if ((this.claims.get(key) ?? 0) > this.#now()) return false;
    this.claims.set(key, this.#now() + ms);
    return true;
  }
}

import type { CacheStore } from '../../../src/registry-watch/cache/store.ts';

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

/** The stored parts of the objects of one kind, each with its observed version. */
export class Copy<T> {
  readonly #objects = new Map<string, T>();
  readonly #versions = new Map<string, string>();

  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  version(key: string): string | undefined {
    return this.#versions.get(key);
  }

  set(key: string, version: string, value: T): void {
    this.#objects.set(key, value);
    this.#versions.set(key, version);
  }

  delete(key: string): void {
    this.#objects.delete(key);
    this.#versions.delete(key);
  }

  *entries(): Generator<readonly [key: string, value: T, version: string]> {
    for (const [key, value] of this.#objects) yield [key, value, this.#versions.get(key) ?? ''];
  }
}

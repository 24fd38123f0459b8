/** Counts what goes on at a time, in all and by name. */
export class Occupancy {
  readonly #byName = new Map<string, number>();
  #all = 0;

  get all(): number {
    return this.#all;
  }

  of(name: string): number {
    return this.#byName.get(name) ?? 0;
  }

  /** Returns the function that takes it out again; further calls do nothing. */
  enter(name: string): () => void {
    this.#all += 1;
    this.#byName.set(name, this.of(name) + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#all -= 1;
      const left = this.of(name) - 1;
      if (left === 0) this.#byName.delete(name);
      else this.#byName.set(name, left);
    };
  }
}

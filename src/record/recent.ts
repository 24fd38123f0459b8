/** The newest `limit` values by id; the oldest is dropped first (Flux v1 keeps the status of 100 jobs). */
export class Recent<Value> {
  readonly #limit: number;
  readonly #values = new Map<string, Value>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(id: string): Value | undefined {
    return this.#values.get(id);
  }

  /** Sets a value; an existing one keeps its age. */
  set(id: string, value: Value): void {
    this.#values.set(id, value);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#limit) return;
      this.#values.delete(oldest);
    }
  }
}

/** A text that the browser keeps under a name: as long as it is set to, or where it keeps nothing, as long as the page is open. */
export interface Kept {
  get(): string | undefined;
  set(value: string | undefined): void;
}

/** Browsers that block what sites keep throw as soon as `storage` looks for it. */
export function keptIn(storage: () => Storage, name: string): Kept {
  let value: string | undefined;
  try {
    value = storage().getItem(name) ?? undefined;
  } catch {
    // It is kept by the page alone.
  }
  return {
    get: () => value,
    set(next) {
      value = next;
      try {
        if (next === undefined) storage().removeItem(name);
        else storage().setItem(name, next);
      } catch {
        // As above.
      }
    },
  };
}

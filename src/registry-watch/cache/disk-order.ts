/** An order to the thread of the disk cache. `now` is milliseconds since the epoch. */
export interface DiskOrder {
  readonly id: number;
  readonly work:
    | { readonly kind: 'read'; readonly keys: readonly string[] }
    | { readonly kind: 'write'; readonly entries: readonly (readonly [key: string, value: Uint8Array])[]; readonly now: number }
    | { readonly kind: 'close' };
}

/** What came of it, and how often the file was opened until then. */
export interface DiskAnswer {
  readonly id: number;
  readonly openings: number;
  /** Why files were set aside since the last answer. */
  readonly setAside: readonly string[];
  readonly outcome:
    | { readonly ok: true; readonly values: readonly (readonly [key: string, value: Uint8Array])[] }
    | { readonly ok: false; readonly message: string };
}

/** Where the thread finds the file, how long entries live, and how large the file may grow. */
export interface DiskSettings {
  readonly path: string;
  readonly lifeMs: number;
  readonly maxBytes: number;
}

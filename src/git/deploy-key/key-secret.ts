import type { Cancellable } from '../../base/index.ts';

/** The Secret that keeps the deploy key, in the daemon's own namespace. */
export interface KeySecret {
  readonly name: string;
  /** @throws FluxError `secret/no-namespace` outside of the cluster. */
  namespace(): Promise<string>;
  /** Undefined when it does not exist. @throws FluxError `cluster/forbidden`, `cluster/unreachable` … */
  read(options?: Cancellable): Promise<KeySecretState | undefined>;
  /** Changes the Secret, or creates it. @throws FluxError `secret/conflict` when it is not the version that was expected, and as `read`. */
  write(change: KeySecretChange, options: Cancellable & { readonly expected: string }): Promise<KeySecretState>;
}

export interface KeySecretState {
  readonly version: string;
  readonly data: ReadonlyMap<string, Buffer>;
  readonly annotations: ReadonlyMap<string, string>;
}

/** Null removes a key. */
export interface KeySecretChange {
  readonly data: Readonly<Record<string, Buffer | null>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

import type { Cancellable } from '../../base/index.ts';

/** The annotations of the Secret that may hold the sync marker. Only the daemon that writes for a source may change them. */
export interface MarkerStore {
  /** The name of the Secret. */
  readonly name: string;
  /** Its namespace. @throws FluxError `secret/no-namespace` outside of the cluster. */
  namespace(): Promise<string>;
  /** Undefined when it does not exist. @throws FluxError as `namespace` does, `cluster/forbidden` without the right, and others. */
  read(options?: Cancellable): Promise<{ readonly annotations: ReadonlyMap<string, string> } | undefined>;
  /** Sets annotations, or removes those that are null. Safe to repeat. @throws FluxError as `read` does, and `lease/not-held`. */
  write(change: { readonly annotations: Readonly<Record<string, string | null>> }, options?: Cancellable): Promise<unknown>;
}

import type { Cancellable } from '../../base/index.ts';

/** Texts by key that outlast a restart of the daemon. Only the daemon that writes for a source may change them. */
export interface MemoryStore {
  /** The name of the object that holds them. */
  readonly name: string;
  /** @throws FluxError `memory/no-namespace` outside of the cluster, `cluster/forbidden` without the right, and others. */
  read(options?: Cancellable): Promise<Readonly<Record<string, string>>>;
  /** Sets these keys, and leaves the others as they are. Safe to repeat. @throws FluxError as `read` does. */
  write(data: Readonly<Record<string, string>>, options?: Cancellable): Promise<void>;
}

/** What confines commands, with and without network. */
export interface Sandboxes {
  readonly sandbox: SandboxLayers;
  /** Absent if the commands of no folder may use the network, or those of all do. */
  readonly networkSandbox?: SandboxLayers;
}

/** What confines the commands of a repository right now. */
export type SandboxLayers =
  | ({ readonly kind: 'container' } & ContainerLayers)
  /** With what it lacks, in words. */
  | { readonly kind: 'child-process'; readonly lacks: readonly string[] }
  | { readonly kind: 'none'; readonly reason: string };

/** What confines a command besides its container, as the helper in it found. */
export interface ContainerLayers {
  /** The id of the user that commands run as; it is not fluxd's. */
  readonly user: number;
  /** The version of Landlock, which confines files and signals; 0 if the kernel has none. */
  readonly landlock: number;
  /** Whether a filter denies sockets, tracing, mounts, namespaces and IPC. */
  readonly seccomp: boolean;
  /** The memory that all processes of a command may use together, with what they wrote, in bytes. */
  readonly memory: number;
  /** Whether commands may use the network, as far as a NetworkPolicy lets them; `open`: none does, and commands are not run. */
  readonly network: 'none' | 'confined' | 'open';
}

/** Where to listen; the empty host means every interface. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Everything an operator decides, parsed and checked once. Frozen. Intervals and limits are in milliseconds. */
export interface Config {
  readonly logFormat: 'fmt' | 'json';
  readonly listen: ListenAddress;
  /** Absent: /metrics is served on `listen`. */
  readonly listenMetrics?: ListenAddress;
  /** Absent: no webhooks. `configFile` names the endpoints; their keys are beside it. */
  readonly webhooks?: { readonly listen: ListenAddress; readonly configFile: string };
  /** Paths of a certificate and its private key, PEM; absent: `listen` takes plain HTTP alone. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };

  /** As given, so it may hold a password: hand it to Git only. Empty when there is no repository. */
  readonly gitUrl: string;
  readonly gitBranch: string;
  /** Relative to the root of the repository; empty means all of it. */
  readonly gitPaths: readonly string[];
  readonly gitUser: string;
  readonly gitEmail: string;
  readonly gitSetAuthor: boolean;
  readonly gitSyncTag: string;
  readonly gitNotesRef: string;
  /** Appended to commit messages as it is; empty for nothing. */
  readonly gitCiSkipMessage: string;
  readonly gitPollIntervalMs: number;
  readonly gitTimeoutMs: number;

  readonly syncIntervalMs: number;
  readonly syncTimeoutMs: number;
  readonly garbageCollection: 'off' | 'dry' | 'on';
  readonly garbageCollectionLimit: number;

  readonly automationIntervalMs: number;
  readonly registryDisableScanning: boolean;
  readonly registryRps: number;
  readonly registryBurst: number;
  readonly registryTrace: boolean;
  readonly registryInsecureHosts: readonly string[];
  readonly registryExcludeImages: readonly string[];
  /** Empty means all. */
  readonly registryIncludeImages: readonly string[];
  readonly registryUseLabels: readonly string[];
  readonly dockerConfig?: string;

  readonly k8sDefaultNamespace?: string;
  /** Flux touches nothing outside of these; empty means no limit. */
  readonly k8sAllowNamespaces: readonly string[];
  readonly k8sExcludeResources: readonly string[];
  /** Path of the mounted private deploy key; the file need not exist. */
  readonly sshIdentityFile: string;
  /** Given explicitly; else KUBECONFIG and the other usual places are looked at. */
  readonly kubeConfig?: string;
}

import type { Endpoint } from './kube-client.ts';

export interface PushOptions {
  /** What the image answers over HTTP, where pods really run. */
  readonly version: string;
  /** RFC 3339. */
  readonly created?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The cluster and the registry that a suite runs against: the embedded ones, or real ones. */
export interface Backend {
  readonly endpoint: Endpoint;
  /** A kubeconfig that leads straight to the API server. */
  readonly kubeconfig: string;
  /** `host:port` of the registry, the same name for us and for the cluster's nodes; plain HTTP. */
  readonly registry: string;
  /** Whether images are pulled and pods answer; the embedded cluster only pretends. */
  readonly runsPods: boolean;
  /** Resolves to the digest. */
  push(repository: string, tag: string, options: PushOptions): Promise<string>;
  close(): Promise<void>;
}

/** What a chart may know of the cluster that it is rendered for (`.Capabilities` of Helm). */
export interface ClusterCapabilities {
  /** `v1.34.4`; absent without a cluster, where Helm's own default counts. */
  readonly kubeVersion?: string;
  /** As Helm lists them: each served `group/version` and `group/version/Kind`, such as `v1`, `v1/Pod` and `apps/v1/Deployment`. Sorted. */
  readonly apiVersions: readonly string[];
}

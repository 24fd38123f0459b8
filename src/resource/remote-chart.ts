/** A chart in an OCI registry. */
export interface OciChart {
  readonly kind: 'oci';
  /** `oci://HOST/PATH`, without a tag. */
  readonly url: string;
}

/** A chart in a chart repository. */
export interface RepositoryChart {
  readonly kind: 'repository';
  /** URL of the folder with `index.yaml`. */
  readonly repository: string;
  readonly name: string;
}

/** A Helm chart that is not in the Git repository, as it is written there. */
export type RemoteChart = OciChart | RepositoryChart;

/** The archive of one version of a chart. */
export type LockedChart = (OciChart | (RepositoryChart & { /** Of the archive. */ readonly url: string })) & {
  readonly version: string;
  /** Of the archive, `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
};

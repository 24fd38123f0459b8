/** Image metadata from the registry. Times are RFC 3339 in UTC. */
export interface ImageInfoWire {
  /** The reference; `:<tag>` if only the tag is known, else empty. */
  readonly ID: string;
  readonly Digest?: string;
  readonly ImageID?: string;
  readonly Labels: {
    readonly 'org.label-schema.build-date'?: string;
    readonly 'org.opencontainers.image.created'?: string;
  };
  readonly CreatedAt?: string;
  readonly LastFetched?: string;
  /** Set if a ban keeps automation from it; not in Flux v1. */
  readonly Banned?: true;
}

/** A container in the workload listing; its images have only an `ID` there. */
export interface ListedContainerWire {
  readonly Name: string;
  readonly Current: ImageInfoWire;
  readonly LatestFiltered: ImageInfoWire;
}

export interface RolloutWire {
  readonly Desired: number;
  readonly Updated: number;
  readonly Ready: number;
  readonly Available: number;
  readonly Outdated: number;
  readonly Messages: readonly string[] | null;
}

/** An entry of `GET /v6/services` and `/v11/services`. */
export interface ControllerStatusWire {
  readonly ID: string;
  readonly Containers: readonly ListedContainerWire[];
  readonly ReadOnly: string;
  readonly Status: string;
  readonly Rollout: RolloutWire;
  readonly SyncError: string;
  readonly Antecedent: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Automated: boolean;
  readonly Locked: boolean;
  readonly Ignore: boolean;
  readonly Policies: Readonly<Record<string, string>>;
}

/** The fields of a container that `containerFields` can select. */
export const CONTAINER_FIELDS = [
  'Name',
  'Current',
  'LatestFiltered',
  'Available',
  'AvailableError',
  'AvailableImagesCount',
  'NewAvailableImagesCount',
  'FilteredImagesCount',
  'NewFilteredImagesCount',
  'NotUpdated',
] as const;
export type ContainerField = (typeof CONTAINER_FIELDS)[number];

/** A container in the image listing. Counts of 0 and empty lists are omitted. */
export interface ContainerWire {
  readonly Name?: string;
  readonly Current: ImageInfoWire;
  readonly LatestFiltered: ImageInfoWire;
  readonly Available?: readonly ImageInfoWire[];
  readonly AvailableError?: string;
  readonly AvailableImagesCount?: number;
  readonly NewAvailableImagesCount?: number;
  readonly FilteredImagesCount?: number;
  readonly NewFilteredImagesCount?: number;
  /** Why automation leaves the image as it is, although it may not be the newest; not in Flux v1. */
  readonly NotUpdated?: string;
}

/** An entry of `GET /v6/images` and `/v10/images`. */
export interface ImageStatusWire {
  readonly ID: string;
  readonly Containers: readonly ContainerWire[] | null;
}

import { gzipSync } from 'node:zlib';
import { digestOf, type Repository, storeManifest } from './blobs.ts';

export interface ImageSpec {
  readonly repository: string;
  readonly tag: string;
  /** Build time of the image: the `created` of its config. */
  readonly created: Date;
  readonly labels?: Readonly<Record<string, string>>;
  /** Several platforms create an index; by default only linux/amd64, without an index. */
  readonly platforms?: readonly Platform[];
  /** Docker's media types instead of OCI's. */
  readonly docker?: boolean;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};
const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

/** An empty tar archive. */
const EMPTY_TAR = Buffer.alloc(1024);

/** Builds an image with one empty layer and stores it under its tag. Returns the new digest of the tag. */
export function storeImage(repository: Repository, spec: ImageSpec): string {
  const types = spec.docker ? DOCKER : OCI;
  const platforms = spec.platforms ?? [{ os: 'linux', architecture: 'amd64' }];
  const blob = (content: Buffer, mediaType: string) => {
    const digest = digestOf(content);
    repository.blobs.set(digest, content);
    return { mediaType, size: content.length, digest };
  };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const manifests = platforms.map((platform) => {
    const config = {
      created: spec.created.toISOString(),
      ...platform,
      config: { Labels: { ...spec.labels } },
      rootfs: { type: 'layers', diff_ids: [digestOf(EMPTY_TAR)] },
      history: [{ created: spec.created.toISOString(), created_by: `${spec.repository}:${spec.tag}` }],
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: blob(json(config), types.config),
      layers: [blob(gzipSync(EMPTY_TAR), types.layer)],
    };
    return { platform, content: json(manifest) };
  });
  const [only] = manifests;
  if (manifests.length === 1 && only) return storeManifest(repository, only.content, types.manifest, spec.tag).digest;
  const index = {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: manifests.map(({ platform, content }) => {
      const { digest } = storeManifest(repository, content, types.manifest);
      return { mediaType: types.manifest, size: content.length, digest, platform };
    }),
  };
  return storeManifest(repository, json(index), types.index, spec.tag).digest;
}

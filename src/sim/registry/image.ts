import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { digestOf, type Repositories, type Repository, storeManifest } from './blobs.ts';

export interface ImageSpec {
  readonly repository: string;
  readonly tag: string;
  /** Build time of the image: the `created` of its config. */
  readonly created: Date;
  readonly labels?: Readonly<Record<string, string>>;
  /** Environment variables of its program, `NAME=value`. */
  readonly environment?: readonly string[];
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
      config: { Labels: { ...spec.labels }, Env: spec.environment ?? [] },
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

/** What this registry gets by a push may be anything. */
const Json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue('not JSON');
    return z.NEVER;
  }
});
const Manifest = Json.pipe(z.object({ config: z.object({ digest: z.string() }) }));
const Config = Json.pipe(z.object({ config: z.object({ Env: z.array(z.string()).nullish() }).nullish() }));

/** The environment variables of an image, `repository:tag` with or without a digest; undefined if it is unknown. */
export function environmentOf(repositories: Repositories, image: string): readonly string[] | undefined {
  const [, name = '', tag = '', digest] = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(image) ?? [];
  const repository = repositories.find(name);
  const manifest = Manifest.safeParse(repository?.manifests.get(digest ?? repository.tags.get(tag) ?? '')?.content.toString());
  const blob = manifest.success ? repository?.blobs.get(manifest.data.config.digest) : undefined;
  const config = Config.safeParse(blob?.toString());
  return config.success ? (config.data.config?.Env ?? []) : undefined;
}

import { createHash } from 'node:crypto';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layer } from './layer.ts';

export interface ImageConfig {
  readonly architecture: string;
  /** RFC 3339. */
  readonly created: string;
  readonly entrypoint: readonly string[];
  readonly environment: readonly string[];
  readonly ports: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface LayerFile {
  readonly layer: Layer;
  readonly file: string;
  /** How it came about, for `docker history`. */
  readonly comment: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Writes an image as an OCI image layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md) into `directory`, which
 * is empty. Returns the digest of its manifest.
 */
export async function writeImage(
  directory: string,
  tag: string,
  config: ImageConfig,
  layers: readonly LayerFile[],
): Promise<string> {
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const addJson = async (mediaType: string, value: unknown): Promise<Descriptor> => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hash = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
  };
  for (const { layer, file } of layers) await copyFile(file, join(blobs, layer.digest.replace('sha256:', '')));
  const configuration = await addJson('application/vnd.oci.image.config.v1+json', {
    created: config.created,
    architecture: config.architecture,
    os: 'linux',
    config: {
      Env: config.environment,
      Entrypoint: config.entrypoint,
      ExposedPorts: Object.fromEntries(config.ports.map((port) => [port, {}])),
      WorkingDir: '/',
      Labels: config.labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ layer }) => layer.diffId) },
    history: layers.map(({ comment }) => ({ created: config.created, created_by: comment })),
  });
  const manifest = await addJson('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: configuration,
    layers: layers.map(({ layer: { digest, size } }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size,
    })),
    annotations: config.labels,
  });
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': tag } };
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [named] };
  await writeFile(join(directory, 'index.json'), JSON.stringify(index));
  return manifest.digest;
}

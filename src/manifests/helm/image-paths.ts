import * as z from 'zod';
import type { KubeObject } from '../../resource/index.ts';

/**
 * Where an image is in the values, each with dots between its keys: the complete reference in one field, or its parts. Without
 * `repository`, the templates of the chart have the name.
 */
export interface ImagePaths {
  readonly image?: string | undefined;
  readonly registry?: string | undefined;
  readonly repository?: string | undefined;
  readonly tag?: string | undefined;
  readonly digest?: string | undefined;
}

/** By name of container, or `kind/name:container` where containers of several workloads have one name. */
export type ImagePathsByContainer = Readonly<Record<string, ImagePaths>>;

const CONTAINER = z.string().regex(/^(?:[a-z]+\/[^/:]+:)?[^/:]+$/, 'expected the name of a container, or kind/name:container');
const PATH = z.string('expected a path').regex(/^[^.]+(?:\.[^.]+)*$/, 'expected a path with dots between its keys');

export const IMAGE_PATHS: z.ZodType<ImagePathsByContainer> = z.record(
  CONTAINER,
  z
    .strictObject({
      image: PATH.optional(),
      registry: PATH.optional(),
      repository: PATH.optional(),
      tag: PATH.optional(),
      digest: PATH.optional(),
    })
    .refine(({ image, repository, tag, digest, registry }) => {
      const isApart = [registry, repository, tag, digest].some((path) => path !== undefined);
      return image === undefined ? [repository, tag, digest].some((path) => path !== undefined) : !isApart;
    }, 'expected "image", or "repository", "tag" and others of its parts'),
);

/** What is said of a container of an object. */
export function imagePathsOf(
  images: ImagePathsByContainer,
  { kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>,
  container: string,
): ImagePaths | undefined {
  const keys = [`${kind.toLowerCase()}/${metadata.name}:${container}`, container];
  const key = keys.find((each) => Object.hasOwn(images, each));
  return key === undefined ? undefined : images[key];
}

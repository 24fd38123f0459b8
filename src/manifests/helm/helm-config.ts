import * as z from 'zod';
import { isJsonMap, type JsonMap } from '../../base/index.ts';
import { isDnsLabel } from '../../resource/index.ts';
import { IMAGE_PATHS, type ImagePathsByContainer } from './image-paths.ts';

/** How a chart is rendered, as a `.flux.yaml` says. */
export interface HelmConfig {
  /** The folder of the chart, relative to the folder of the unit. */
  readonly chart: string;
  /** Name of the release; without one, that of the folder of the unit. */
  readonly releaseName?: string;
  /** Namespace of the release, and of each object that names none. */
  readonly namespace: string;
  /** Files of values, relative to the folder of the unit; later ones win. */
  readonly valuesFiles: readonly string[];
  /** Values that win over all files. */
  readonly values: JsonMap;
  /** Where images are in the values, for charts that have them elsewhere than the conventions say. */
  readonly images: ImagePathsByContainer;
  /** Whether the objects in `crds/` of the chart are applied. */
  readonly includeCRDs: boolean;
  /** Whether hooks are left out; otherwise they are applied like other objects. Tests are always left out. */
  readonly skipHooks: boolean;
  /** Whether values may be used that differ each time the chart is rendered. */
  readonly allowChangingOutput: boolean;
}

/** Helm refuses longer ones. */
export const MAX_RELEASE_NAME = 53;
const MAX_VALUES_FILES = 100;
const REMOTE = /^[A-Za-z][A-Za-z0-9+.-]*:/;

const PATH = z
  .string('expected a path')
  .min(1, 'expected a path')
  .refine((path) => !path.startsWith('/') && !REMOTE.test(path) && !path.includes('\0'), {
    error: 'expected a path in the repository, relative to this folder; remote ones are not read yet',
  });

const NAME = z.string().refine(isDnsLabel, { error: 'expected a name of lower-case letters, digits and -' });
const VALUES = z.custom<JsonMap>((value) => isJsonMap(value), { error: 'expected a map' });

export const HELM: z.ZodType<HelmConfig> = z
  .strictObject({
    chart: PATH,
    releaseName: NAME.max(MAX_RELEASE_NAME, `expected at most ${MAX_RELEASE_NAME} characters`).optional(),
    // As Helm, where nothing says otherwise.
    namespace: NAME.default('default'),
    valuesFiles: z.array(PATH).max(MAX_VALUES_FILES).default([]),
    values: VALUES.default({}),
    images: IMAGE_PATHS.default({}),
    includeCRDs: z.boolean().default(true),
    skipHooks: z.boolean().default(true),
    allowChangingOutput: z.boolean().default(false),
  })
  .transform(({ releaseName, ...others }) => ({ ...others, ...(releaseName === undefined ? {} : { releaseName }) }));

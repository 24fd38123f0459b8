import * as z from 'zod';
import { isJsonMap, type JsonMap } from '../../base/index.ts';
import { isDnsLabel, type RemoteChart } from '../../resource/index.ts';
import { IMAGE_PATHS, type ImagePathsByContainer } from './image-paths.ts';
import { REMOTE_CHART, VERSION } from './remote-chart.ts';
import { VALUES_FROM, type ValuesReference } from './values-reference.ts';

/** A chart from elsewhere, and which versions of it may be used. */
export type WantedChart = RemoteChart & {
  /** One version, or a range. */
  readonly version: string;
};

/** Where a chart is: in a folder, relative to that of the unit, or elsewhere. */
export type ChartSource = { readonly kind: 'folder'; readonly path: string } | WantedChart;

/** How a chart is rendered, as a `.flux.yaml` says. */
export interface HelmConfig {
  readonly chart: ChartSource;
  /** Name of the release; without one, that of the folder of the unit. */
  readonly releaseName?: string;
  /** Namespace of the release, and of each object that names none. */
  readonly namespace: string;
  /** Files of values, relative to the folder of the unit; later ones win. */
  readonly valuesFiles: readonly string[];
  /** Values in objects of the cluster, which win over the files; later ones win. */
  readonly valuesFrom: readonly ValuesReference[];
  /** Values that win over all others. */
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
    error: 'expected a path in the repository, relative to this folder',
  });

const NAME = z.string().refine(isDnsLabel, { error: 'expected a name of lower-case letters, digits and -' });
const VALUES = z.custom<JsonMap>((value) => isJsonMap(value), { error: 'expected a map' });

export const HELM: z.ZodType<HelmConfig> = z
  .strictObject({
    chart: z.unknown(),
    version: VERSION.optional(),
    releaseName: NAME.max(MAX_RELEASE_NAME, `expected at most ${MAX_RELEASE_NAME} characters`).optional(),
    // As Helm, where nothing says otherwise.
    namespace: NAME.default('default'),
    valuesFiles: z.array(PATH).max(MAX_VALUES_FILES).default([]),
    valuesFrom: VALUES_FROM.default([]),
    values: VALUES.default({}),
    images: IMAGE_PATHS.default({}),
    includeCRDs: z.boolean().default(true),
    skipHooks: z.boolean().default(true),
    allowChangingOutput: z.boolean().default(false),
  })
  .transform(({ chart: written, version, releaseName, ...others }, context): HelmConfig => {
    const chart = sourceOf(written, version, context);
    return { ...others, chart, ...(releaseName === undefined ? {} : { releaseName }) };
  });

function sourceOf(written: unknown, version: string | undefined, context: z.core.$RefinementCtx): ChartSource {
  const isRemote = typeof written !== 'string' || /^oci:/i.test(written);
  const read = isRemote ? REMOTE_CHART.safeParse(written) : PATH.safeParse(written);
  for (const { path, message } of read.error?.issues ?? [])
    context.addIssue({ code: 'custom', path: ['chart', ...path], message });
  if (isRemote && version === undefined)
    context.addIssue({ code: 'custom', path: ['version'], message: 'required for a chart that is not in this repository' });
  if (!isRemote && version !== undefined)
    context.addIssue({ code: 'custom', path: ['version'], message: 'allowed only for a chart that is not in this repository' });
  if (!read.success) return z.NEVER;
  return typeof read.data === 'string' ? { kind: 'folder', path: read.data } : { ...read.data, version: version ?? '' };
}

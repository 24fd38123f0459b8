import * as z from 'zod';
import { parseVersionRange } from '../../policy/index.ts';
import type { RemoteChart } from '../../resource/index.ts';

const MAX_URL = 2000;
const OCI = /^oci:\/\/[A-Za-z0-9.-]{1,253}(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,249}$/;

/** A URL that is shown in errors and written to a lock, so that it has nothing secret. */
export const PLAIN_URL = z
  .string('expected a URL')
  .max(MAX_URL)
  .refine(isPlainUrl, { error: 'expected an https URL without user, password, query and fragment' });

const REPOSITORY = z
  .strictObject(
    {
      repository: PLAIN_URL,
      name: z.string('expected the name of a chart').regex(NAME, 'expected the name of a chart'),
    },
    {
      error: ({ code }) =>
        code === 'invalid_type' ? 'expected a path, oci://…, or a map with "repository" and "name"' : undefined,
    },
  )
  .transform((chart): RemoteChart => ({ kind: 'repository', ...chart }));

const OCI_CHART = z
  .string()
  .max(MAX_URL)
  .regex(OCI, 'expected oci://HOST/PATH, without a tag; the version is the key "version"')
  .transform((url): RemoteChart => ({ kind: 'oci', url }));

/** A chart that is not in the repository, as a `.flux.yaml` and a lock write it. */
export const REMOTE_CHART: z.ZodType<RemoteChart> = z.unknown().transform((written, context) => {
  const read = (typeof written === 'string' ? OCI_CHART : REPOSITORY).safeParse(written);
  for (const { path, message } of read.error?.issues ?? []) context.addIssue({ code: 'custom', path: [...path], message });
  return read.data ?? z.NEVER;
});

/** One version, or a range. */
export const VERSION = z
  .string('expected a version as text, such as "1.2.3" or "^1.2"')
  .trim()
  .max(200)
  .refine((text) => parseVersionRange(text) !== undefined, { error: 'expected a version or a range of versions' });

/** In errors and listings. */
export function nameOfChart(chart: RemoteChart): string {
  return chart.kind === 'oci' ? chart.url : `${chart.name} of ${chart.repository}`;
}

/** The name of the chart alone, without where it is. */
export function shortNameOf(chart: RemoteChart): string {
  return chart.kind === 'oci' ? chart.url.slice(chart.url.lastIndexOf('/') + 1) : chart.name;
}

/** Plain HTTP is only for hosts that an operator allows, which is not known here. */
function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\/[^/\\@?#\s]+(?:\/[^\\?#\s]*)?$/.test(text)) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}

import { FluxError } from '../base/index.ts';
import { annotationKeyFor } from '../policy/index.ts';
import type { Manifest } from '../resource/index.ts';

/**
 * The changes of policies by annotation key; null removes. Annotations that already have the value, or are already absent, are
 * omitted.
 * @throws FluxError `policy/bad-name`.
 */
export function annotationChanges(
  { object }: Manifest,
  changes: ReadonlyMap<string, string>,
): ReadonlyMap<string, string | null> {
  const existing = object.metadata.annotations ?? {};
  return new Map(
    [...changes].flatMap(([policy, value]): [string, string | null][] => {
      const key = annotationKeyFor(existing, policy);
      const now = Object.hasOwn(existing, key) ? String(existing[key]) : '';
      if (value === now && (value !== '' || !Object.hasOwn(existing, key))) return [];
      if (value !== '') requireAnnotationKey(key, policy);
      return [[key, value === '' ? null : value]];
    }),
  );
}

/** The valid names of Kubernetes annotations, after the prefix. */
const ANNOTATION_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Checked before the commit, since the API server would reject the whole workload. */
function requireAnnotationKey(key: string, policy: string): void {
  if (ANNOTATION_NAME.test(key.slice(key.indexOf('/') + 1))) return;
  throw new FluxError(`invalid policy name: ${JSON.stringify(policy)}`, {
    code: 'policy/bad-name',
    fault: 'user',
    help: `Kubernetes rejects the annotation ${key}: after the slash it must have at most 63 letters, digits, "-", "_" and ".", and start and end with a letter or digit.`,
  });
}

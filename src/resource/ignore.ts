import { isFields } from './fields.ts';

/** Flux v1's prefixes, oldest last. */
export const IGNORE_ANNOTATIONS = ['fluxcd.io/ignore', 'flux.weave.works/ignore'] as const;

/** Flux v1's `ignore` policy under either prefix; `true` wins if both are set. A YAML boolean counts as its text. */
export function ignorePolicy(annotations: unknown): string | undefined {
  if (!isFields(annotations)) return undefined;
  const values = IGNORE_ANNOTATIONS.flatMap((key) =>
    annotations[key] === undefined || annotations[key] === null ? [] : [String(annotations[key])],
  );
  return values.includes('true') ? 'true' : values[0];
}

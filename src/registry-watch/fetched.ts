import { type Clock, type Measurement, measured } from '../base/index.ts';

/** What was read from an image repository: its tags, or the metadata of one. */
export type OnFetch = (fetch: Measurement & { readonly kind: 'tags' | 'metadata' }) => void;

/** Runs the work, and reports its outcome. */
export function fetched<T>(
  kind: 'tags' | 'metadata',
  { clock, onFetch }: { readonly clock: Clock; readonly onFetch?: OnFetch | undefined },
  work: () => Promise<T>,
): Promise<T> {
  return measured(clock, (outcome) => onFetch?.({ kind, ...outcome }), work);
}

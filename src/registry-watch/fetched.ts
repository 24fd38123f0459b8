import { type Clock, type Measurement, measured } from '../base/index.ts';

/** What was read of an image repository: its tags, or what one of them holds. */
export type OnFetch = (fetch: Measurement & { readonly kind: 'tags' | 'metadata' }) => void;

/** Does the work, and tells how it went. */
export function fetched<T>(
  kind: 'tags' | 'metadata',
  { clock, onFetch }: { readonly clock: Clock; readonly onFetch?: OnFetch | undefined },
  work: () => Promise<T>,
): Promise<T> {
  return measured(clock, (outcome) => onFetch?.({ kind, ...outcome }), work);
}

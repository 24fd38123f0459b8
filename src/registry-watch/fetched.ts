import type { Clock } from '../base/index.ts';

/** What was read of an image repository: its tags, or what one of them holds. */
export type OnFetch = (fetch: {
  readonly kind: 'tags' | 'metadata';
  readonly success: boolean;
  readonly seconds: number;
}) => void;

/** Does the work, and tells how it went. */
export async function fetched<T>(
  kind: 'tags' | 'metadata',
  { clock, onFetch }: { readonly clock: Clock; readonly onFetch?: OnFetch | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = clock.now();
  let success = false;
  try {
    const result = await work();
    success = true;
    return result;
  } finally {
    onFetch?.({ kind, success, seconds: (clock.now() - startedAt) / 1000 });
  }
}

import { waitOrAbort } from '../base/index.ts';

/** Runs pieces of work one after another, in the order in which they came. One that is aborted while it waits is never begun. */
export type OneAtATime = <T>(signal: AbortSignal | undefined, work: () => Promise<T>) => Promise<T>;

export function oneAtATime(): OneAtATime {
  let last: Promise<void> = Promise.resolve();
  return async (signal, work) => {
    const before = last;
    const mine = Promise.withResolvers<void>();
    last = before.then(() => mine.promise);
    try {
      await waitOrAbort(before, signal);
      signal?.throwIfAborted();
      return await work();
    } finally {
      mine.resolve();
    }
  };
}

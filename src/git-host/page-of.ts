import * as z from 'zod';

/** More than any request asks for; a host that answers with more is not looked through. */
const MAX_ITEMS = 100;

/** One page of a list. */
export function pageOf<T>(item: z.ZodType<T>) {
  const isPage = (value: unknown) => Array.isArray(value) && value.length <= MAX_ITEMS;
  return z.custom<readonly unknown[]>(isPage, `expected a list of at most ${MAX_ITEMS}`).pipe(z.array(item));
}

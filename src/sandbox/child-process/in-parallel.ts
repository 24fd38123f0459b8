const AT_ONCE = 16;

/** Works on all items, a few at once. Ends when all work has ended, with the first error; after an error nothing is begun. */
export async function inParallel<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  // One iterator for all: each takes the next item.
  const left = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = left.next(); !next.done && errors.length === 0; next = left.next()) {
        await work(next.value).catch((error: unknown) => errors.push(error));
      }
    }),
  );
  if (errors.length > 0) throw errors[0];
}

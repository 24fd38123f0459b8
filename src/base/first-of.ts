/** The first answer that is not undefined; the rest is not asked. */
export function firstOf<T, R>(all: Iterable<T>, ask: (each: T) => R | undefined): R | undefined {
  for (const each of all) {
    const answer = ask(each);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

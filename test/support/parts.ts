/** Some members of an object, each of which may again lack members. */
type Parts<T> = { readonly [K in keyof T]?: Partial<T[K]> };

/** An object of which the code under test uses these parts alone. The parts have the types of the object's. */
export function parts<T extends object>(some: Parts<T>): T;
export function parts(some: object): object {
  return some;
}

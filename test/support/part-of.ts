/** A port of which a test needs only these parts. They are typed, and a call of another part fails the test. */
export function partOf<T extends object>(parts: Partial<T>): T {
  return parts as T;
}

/** The value in a JSON text; undefined if it is none. */
export function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // It is from a cache, where anything may be.
    return undefined;
  }
}

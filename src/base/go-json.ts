/**
 * Compact JSON as Go's encoding/json writes it: `<`, `>`, `&`, U+2028 and U+2029 are escaped. Flux v1's notes and API bodies have this
 * form, and readers that compare bytes expect it.
 */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

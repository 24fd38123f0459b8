/**
 * The delay of a Retry-After header in milliseconds (RFC 9110, 10.2.3: whole seconds, or a date in the common format), at most `maxMs`;
 * undefined for anything else.
 */
export function retryAfterMs(
  header: string | readonly string[] | undefined,
  { now, maxMs }: { readonly now: number; readonly maxMs: number },
): number | undefined {
  if (typeof header !== 'string') return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, maxMs);
  const at = text.length === HTTP_DATE_LENGTH ? Date.parse(text) : Number.NaN;
  // Date.parse also accepts other formats, in an implementation-defined time zone.
  if (Number.isNaN(at) || new Date(at).toUTCString() !== text) return undefined;
  return Math.min(Math.max(0, at - now), maxMs);
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const HTTP_DATE_LENGTH = 29;

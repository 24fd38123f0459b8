const CONSTRUCTED = 0x20;
const OCTET_STRING = 0x04;
/** As deep as the reader goes. */
const MAX_DEPTH = 100;

/**
 * The objects that the reader of `@sigstore/core` makes of DER, up to one more than a limit. It reads each octet string as DER, too, and
 * takes it for mere bytes if that fails; bytes that may begin further octet strings are read again at each depth.
 */
export function derObjects(der: Uint8Array, limit: number): number {
  let count = 0;
  /** The end of the object at a position; undefined if there is none. */
  const read = (at: number, depth: number): number | undefined => {
    if (count > limit || depth > MAX_DEPTH) return undefined;
    count += 1;
    const tag = der[at] ?? 0;
    const number = tag & 0x1f;
    if (number === 0x1f || (number === 0 && tag < 0x40)) return undefined;
    const content = contentAt(der, at + 1);
    if (!content) return undefined;
    const { start, end } = content;
    const isConstructed = (tag & CONSTRUCTED) !== 0;
    if (!isConstructed && tag !== OCTET_STRING) return end;
    let next: number | undefined = start;
    while (next !== undefined && next < end) next = read(next, depth + 1);
    return isConstructed && next !== end ? undefined : end;
  };
  read(0, 0);
  return count;
}

/** Where the content of an object is, whose length is at a position; undefined if that is no length, or too much. */
function contentAt(der: Uint8Array, at: number): { readonly start: number; readonly end: number } | undefined {
  const first = der[at] ?? 0xff;
  const bytes = first < 0x80 ? 0 : first & 0x7f;
  if (bytes > 6) return undefined;
  const start = at + 1 + bytes;
  const length = bytes === 0 ? first : der.subarray(at + 1, start).reduce((sum, byte) => sum * 256 + byte, 0);
  const isMinimal = bytes === 0 ? first < 0x80 : length >= 0x80 && der[at + 1] !== 0;
  return isMinimal && start + length <= der.length ? { start, end: start + length } : undefined;
}

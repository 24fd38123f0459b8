/**
 * Whether a document has more than `limit` characters that may start a key, a value or an item: each event of a YAML parser needs one,
 * and none causes more than three. Such characters in text count as well. Linear, without allocation.
 */
export function exceedsIndicators(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 45: // -
      case 63: // ?
        if (isBlank(text.charCodeAt(at + 1))) count++;
        break;
      case 44: // ,
      case 58: // :
      case 91: // [
      case 123: // {
        count++;
        break;
    }
    if (count > limit) return true;
  }
  return false;
}

/** White space, or the end of the text. */
function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13 || Number.isNaN(code);
}

import { badMetadata, type Layout, MAX_METADATA_LENGTH } from './layout.ts';

/**
 * Finds the metadata of a JSON file, and of one whose bytes sops has put in JSON; undefined if it has none.
 * @throws FluxError `decryption/bad-metadata` if there are several
 */
export function jsonLayout(path: string, text: string): Layout | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // so it is not what sops wrote
  }
  if (typeof value !== 'object' || value === null || !('sops' in value)) return undefined;
  const places = valuesOf(text, 'sops');
  const [place] = places;
  if (!place || places.length > 1) throw badMetadata(path, 'it has several entries "sops"');
  if (place.end - place.start > MAX_METADATA_LENGTH) throw badMetadata(path, 'its entry "sops" is too long');
  return {
    metadata: value.sops,
    with: (metadata) => text.slice(0, place.start) + JSON.stringify(metadata) + text.slice(place.end),
    without: () => `${text.slice(0, place.start)}null${text.slice(place.end)}`,
  };
}

/** Where the values of a key of the outermost object are, in a text that is valid JSON. */
function valuesOf(text: string, name: string): readonly { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  let [depth, key, valueStart] = [0, '', -1];
  const endValue = (at: number) => {
    if (depth === 1 && valueStart >= 0 && key === name) found.push({ start: valueStart, end: at });
    if (depth === 1) valueStart = -1;
  };
  const token = /["{}[\]:,]/g;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const { index } = match;
    switch (match[0]) {
      case '"': {
        const end = endOfString(text, index);
        if (depth === 1 && valueStart < 0) key = JSON.parse(text.slice(index, end));
        token.lastIndex = end;
        break;
      }
      case ':':
        if (depth === 1) valueStart = index + 1;
        break;
      case ',':
        endValue(index);
        break;
      case '{':
      case '[':
        depth += 1;
        break;
      default:
        endValue(index);
        depth -= 1;
    }
  }
  return found;
}

/** After its closing quote. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

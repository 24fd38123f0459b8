import { EVENT_ID, type Event, type ScalarEvent } from 'js-yaml';
import { YamlFault } from './fault.ts';

/*
 * js-yaml accepts these; Kubernetes reads another value, or rejects them (`[?a]` is a list that contains a map). They are rejected here,
 * so that every reader of the file agrees on what is applied.
 */

/** @throws YamlFault for a plain scalar in brackets that Kubernetes reads as starting with an indicator, or as ending at one. */
export function refuseAmbiguousPlain(text: string, { valueStart, valueEnd }: ScalarEvent): void {
  if (text[valueStart] === '?' || text[valueStart] === ':')
    throw new YamlFault(
      'yaml/bad-syntax',
      `malformed YAML: text that starts with ${text[valueStart]} needs quotes inside brackets`,
      valueStart,
    );
  let at = valueEnd;
  while (/\s/.test(text.charAt(at))) at++;
  if (text[at] === ':' && /[,[\]{}]/.test(text.charAt(at + 1)))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a colon inside brackets needs a space after it', at);
}

/** @throws YamlFault for a name of an anchor or alias that ends earlier for Kubernetes, or that touches the next token. */
export function refuseAmbiguousName(text: string, start: number, end: number): void {
  if (!/^[-\w]+$/.test(text.slice(start, end)) || /[[{]/.test(text.charAt(end)))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: an anchor name may contain only letters, digits, - and _', start);
}

/** @throws YamlFault for a tag that Kubernetes does not recognise, or that is longer for it. */
export function refuseAmbiguousTag(text: string, tag: string, end: number): void {
  if (tag === '!!' || tag.includes('#'))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a tag is empty or contains #', end);
  if (/\S/.test(text.charAt(end))) throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a tag needs a space after it', end);
}

/** @throws YamlFault for a key of a block map after other content on its line, as in `[a]b: c`. */
export function refuseKeyInsideLine(text: string, { start, propertiesEnd }: { start: number; propertiesEnd: number }): void {
  if (start < 0 || propertiesEnd >= 0) return;
  let at = start;
  while (/[ \t?]/.test(text.charAt(at - 1))) at--;
  if (at > 0 && !/[\r\n]/.test(text.charAt(at - 1)))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a key follows other content on its line', start);
}

/** @throws YamlFault for a block map that starts on the line of its key. */
export function refuseMapOnLineOfKey(text: string, keyEnd: number, start: number): void {
  if (keyEnd >= 0 && !/[\r\n]/.test(text.slice(keyEnd, start)))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a map starts on the line of its key', start);
}

/** @throws YamlFault for a `---` that js-yaml found after spaces, or after a byte order mark in the middle. */
export function refuseHiddenMarker(text: string, events: readonly Event[]): void {
  const [first] = events;
  if (events.some((event, n) => n > 0 && event.type === EVENT_ID.DOCUMENT))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: expected the end of the stream or a document separator', 0);
  if (first?.type === EVENT_ID.DOCUMENT && first.explicitStart && !/^---(?!\S)/m.test(text))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: the marker --- has white space before it', 0);
}

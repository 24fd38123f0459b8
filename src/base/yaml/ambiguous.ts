import { EVENT_ID, type Event, type ScalarEvent } from 'js-yaml';
import { YamlFault } from './fault.ts';

/*
 * js-yaml accepts these; Kubernetes reads another value there, or none (`[?a]` is a list with a map in it). They are refused, so
 * that nothing is applied that the file does not say to every reader.
 */

/** @throws YamlFault for a plain scalar in brackets of which Kubernetes takes the start for an indicator, or an indicator for its end. */
export function refuseAmbiguousPlain(text: string, { valueStart, valueEnd }: ScalarEvent): void {
  if (text[valueStart] === '?' || text[valueStart] === ':')
    throw new YamlFault(
      'yaml/bad-syntax',
      `malformed YAML: text that starts with ${text[valueStart]} needs quotes inside of brackets`,
      valueStart,
    );
  let at = valueEnd;
  while (/\s/.test(text.charAt(at))) at++;
  if (text[at] === ':' && /[,[\]{}]/.test(text.charAt(at + 1)))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a colon inside of brackets needs a blank after it', at);
}

/** @throws YamlFault for a name of an anchor or an alias that Kubernetes does not read to its end, or that touches what follows. */
export function refuseAmbiguousName(text: string, start: number, end: number): void {
  if (!/^[-\w]+$/.test(text.slice(start, end)) || /[[{]/.test(text.charAt(end)))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: the name of an anchor has only letters, digits, - and _', start);
}

/** @throws YamlFault for a tag that Kubernetes does not know as one, or one that goes on for it. */
export function refuseAmbiguousTag(text: string, tag: string, end: number): void {
  if (tag === '!!' || tag.includes('#'))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a tag has no name, or # in it', end);
  if (/\S/.test(text.charAt(end))) throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a tag needs a blank after it', end);
}

/** @throws YamlFault for a key of a block map behind something else in its line, as in `[a]b: c`. */
export function refuseKeyInsideLine(text: string, { start, propertiesEnd }: { start: number; propertiesEnd: number }): void {
  if (start < 0 || propertiesEnd >= 0) return;
  let at = start;
  while (/[ \t?]/.test(text.charAt(at - 1))) at--;
  if (at > 0 && !/[\r\n]/.test(text.charAt(at - 1)))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a key stands behind something else in its line', start);
}

/** @throws YamlFault for a block map that starts on the line of its key. */
export function refuseMapOnLineOfKey(text: string, keyEnd: number, start: number): void {
  if (keyEnd >= 0 && !/[\r\n]/.test(text.slice(keyEnd, start)))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: a map starts on the line of its key', start);
}

/** @throws YamlFault for a `---` that js-yaml found behind blanks, or behind a byte order mark in the middle. */
export function refuseHiddenMarker(text: string, events: readonly Event[]): void {
  const [first] = events;
  if (events.some((event, n) => n > 0 && event.type === EVENT_ID.DOCUMENT))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: the end of the stream or a document separator is expected', 0);
  if (first?.type === EVENT_ID.DOCUMENT && first.explicitStart && !/^---(?!\S)/m.test(text))
    throw new YamlFault('yaml/bad-syntax', 'malformed YAML: the marker --- has blanks before it', 0);
}

import { EVENT_ID, type Event, SCALAR_STYLE, type ScalarEvent } from 'js-yaml';
import { YamlFault } from './fault.ts';

/*
 * U+0085, U+2028 and U+2029 end lines in YAML 1.1, which Kubernetes reads, but are ordinary characters in YAML 1.2 and in most editors.
 * So they are rejected where it makes a difference: in a comment they could hide content that Kubernetes reads.
 */

const ANY = /[\x85\u2028\u2029]/;
/** A run of separators, and the character after it. */
const RUN = /[\x85\u2028\u2029][ \t\x85\u2028\u2029]*([^ \t\x85\u2028\u2029]?)/g;
/** Separators that line folding would affect, and those that become a space. */
const FOLDED = /\x85|\s[\u2028\u2029]|[\u2028\u2029]\s|\\[\u2028\u2029]|^[\u2028\u2029]|[\u2028\u2029]$/;

/** @throws YamlFault for a scalar that Kubernetes would read with other line breaks. */
export function refuseForeignBreaks(raw: string, { style, valueStart }: ScalarEvent, isKey: boolean): void {
  if (!ANY.test(raw)) return;
  const quoted = style === SCALAR_STYLE.DOUBLE_QUOTED || style === SCALAR_STYLE.SINGLE_QUOTED;
  if (!quoted || isKey || FOLDED.test(raw)) throw separator('text', valueStart);
}

/** @throws YamlFault for a comment that ends earlier for Kubernetes than its line. */
export function refuseHidden(text: string, events: readonly Event[]): void {
  if (!ANY.test(text)) return;
  const scalars = events.filter((event) => event.type === EVENT_ID.SCALAR && event.valueStart >= 0) as readonly ScalarEvent[];
  let next = 0;
  for (const offset of hidden(text)) {
    while ((scalars[next]?.valueEnd ?? Number.POSITIVE_INFINITY) <= offset) next++;
    if ((scalars[next]?.valueStart ?? Number.POSITIVE_INFINITY) > offset) throw separator('a comment', offset);
  }
}

/** Whether a comment contains content for Kubernetes. */
export function hidesContent(comment: string): boolean {
  return ANY.test(comment) && !hidden(comment).next().done;
}

/** Offsets of separators followed by more than a comment on the line. */
function* hidden(text: string): Generator<number> {
  for (const { index, 1: follows = '' } of text.matchAll(RUN)) if (!/^[#\r\n]?$/.test(follows)) yield index;
}

function separator(where: 'text' | 'a comment', offset: number): YamlFault {
  const message = `malformed YAML: ${where} contains a line separator (U+0085, U+2028 or U+2029); write it as an escape in double quotes`;
  return new YamlFault('yaml/bad-syntax', message, offset);
}

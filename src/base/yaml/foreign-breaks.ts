import { EVENT_ID, type Event, SCALAR_STYLE, type ScalarEvent } from 'js-yaml';
import { YamlFault } from './fault.ts';

/*
 * U+0085, U+2028 and U+2029 end lines in YAML 1.1, which Kubernetes reads, and are characters as others in YAML 1.2 and in most
 * editors. So they are refused wherever that makes a difference: in a comment they could hide what Kubernetes reads.
 */

const ANY = /[\x85\u2028\u2029]/;
/** All that stand together, and what comes behind them. */
const RUN = /[\x85\u2028\u2029][ \t\x85\u2028\u2029]*([^ \t\x85\u2028\u2029]?)/g;
/** Where folding of lines would touch them, and the one that becomes a blank. */
const FOLDED = /\x85|\s[\u2028\u2029]|[\u2028\u2029]\s|\\[\u2028\u2029]|^[\u2028\u2029]|[\u2028\u2029]$/;

/** @throws YamlFault for a scalar that Kubernetes would read with other line breaks. */
export function refuseForeignBreaks(raw: string, { style, valueStart }: ScalarEvent, isKey: boolean): void {
  if (!ANY.test(raw)) return;
  const quoted = style === SCALAR_STYLE.DOUBLE_QUOTED || style === SCALAR_STYLE.SINGLE_QUOTED;
  if (!quoted || isKey || FOLDED.test(raw)) throw separator('text', valueStart);
}

/** @throws YamlFault for a comment that ends for Kubernetes before its line does. */
export function refuseHidden(text: string, events: readonly Event[]): void {
  if (!ANY.test(text)) return;
  const scalars = events.filter((event) => event.type === EVENT_ID.SCALAR && event.valueStart >= 0) as readonly ScalarEvent[];
  let next = 0;
  for (const offset of hidden(text)) {
    while ((scalars[next]?.valueEnd ?? Number.POSITIVE_INFINITY) <= offset) next++;
    if ((scalars[next]?.valueStart ?? Number.POSITIVE_INFINITY) > offset) throw separator('a comment', offset);
  }
}

/** Whether a comment holds content for Kubernetes. */
export function hidesContent(comment: string): boolean {
  return ANY.test(comment) && !hidden(comment).next().done;
}

/** Offsets of those behind which a line goes on with more than a comment. */
function* hidden(text: string): Generator<number> {
  for (const { index, 1: follows = '' } of text.matchAll(RUN)) if (!/^[#\r\n]?$/.test(follows)) yield index;
}

function separator(where: 'text' | 'a comment', offset: number): YamlFault {
  const message = `malformed YAML: ${where} holds a line separator (U+0085, U+2028 or U+2029); write it as an escape in double quotes`;
  return new YamlFault('yaml/bad-syntax', message, offset);
}

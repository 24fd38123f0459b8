import { COLLECTION_STYLE, EVENT_ID, type Event, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml';
import { YamlFault } from './fault.ts';
import { type LaidOutText, layOutFlow } from './flow-layout.ts';
import type { FlowRegion } from './flow-scanner.ts';
import { MAX_DEPTH } from './limits.ts';
import { tooDeep } from './node.ts';

/**
 * The events of one document; offsets refer to its text. A document that YAML 1.2 rejects only for its layout, although Kubernetes
 * accepts it, is parsed from a text that is re-indented for js-yaml.
 * @throws YamlFault
 */
export function readEvents(text: string): readonly Event[] {
  const first = tryParse(text);
  if (!(first instanceof YamlFault)) return first;
  const laidOut = first.code === 'yaml/bad-syntax' ? layOutFlow(text) : undefined;
  if (!laidOut) throw first;
  const second = tryParse(laidOut.text);
  if (second instanceof YamlFault) throw new YamlFault(second.code, second.message, laidOut.originalOffset(second.offset));
  const events = second.map((event) => atOriginal(event, laidOut));
  // Only regions that js-yaml also sees as brackets or quotes may have been changed.
  if (!laidOut.regions.every(isReadAsFlow(events))) throw first;
  return events;
}

function tryParse(text: string): Event[] | YamlFault {
  try {
    return parseEvents(text, { maxDepth: MAX_DEPTH });
  } catch (thrown) {
    if (thrown instanceof RangeError) return tooDeep(0);
    if (!(thrown instanceof YAMLException)) throw thrown;
    const offset = thrown.mark?.position ?? 0;
    if (thrown.reason.startsWith('nesting exceeded')) return tooDeep(offset);
    return new YamlFault('yaml/bad-syntax', `malformed YAML: ${kindOf(thrown.reason)}`, offset);
  }
}

/** js-yaml's message contains an excerpt of the text, and so does the end of some reasons. */
function kindOf(reason: string): string {
  return reason.replace(/: .*| ".*/s, '');
}

function atOriginal(event: Event, { originalOffset }: LaidOutText): Event {
  const at = (offset: number) => (offset < 0 ? offset : originalOffset(offset));
  switch (event.type) {
    case EVENT_ID.DOCUMENT:
    case EVENT_ID.POP:
      return event;
    case EVENT_ID.ALIAS:
      return { ...event, anchorStart: at(event.anchorStart), anchorEnd: at(event.anchorEnd) };
    default: {
      const { anchorStart, anchorEnd, tagStart, tagEnd } = event;
      const properties = { anchorStart: at(anchorStart), anchorEnd: at(anchorEnd), tagStart: at(tagStart), tagEnd: at(tagEnd) };
      if (event.type !== EVENT_ID.SCALAR) return { ...event, ...properties, start: at(event.start) };
      return { ...event, ...properties, valueStart: at(event.valueStart), valueEnd: at(event.valueEnd) };
    }
  }
}

/** Whether the parser saw the same brackets or quotes at a region's position, ending at the same place. */
function isReadAsFlow(events: readonly Event[]): (region: FlowRegion) => boolean {
  const ends = new Map<number, number>();
  const open: { readonly start: number; readonly flow: boolean }[] = [];
  let last = 0;
  for (const event of events) {
    if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING) {
      open.push({ start: event.start, flow: event.style === COLLECTION_STYLE.FLOW });
      last = event.start;
    } else if (event.type === EVENT_ID.DOCUMENT) open.push({ start: -1, flow: false });
    else if (event.type === EVENT_ID.POP) {
      const done = open.pop();
      if (done?.flow) ends.set(done.start, last);
    } else if (event.type === EVENT_ID.ALIAS) last = event.anchorEnd;
    else {
      last = Math.max(last, event.valueEnd, event.anchorEnd, event.tagEnd);
      const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
      if (quoted) ends.set(event.valueStart - 1, event.valueEnd + 1);
    }
  }
  return ({ start, end }) => (ends.get(start) ?? Number.POSITIVE_INFINITY) <= end;
}

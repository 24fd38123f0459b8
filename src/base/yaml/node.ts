import {
  CHOMPING_MODE,
  COLLECTION_STYLE,
  EVENT_ID,
  type Event,
  type MappingEvent,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
} from 'js-yaml';
import {
  refuseAmbiguousName,
  refuseAmbiguousPlain,
  refuseAmbiguousTag,
  refuseHiddenMarker,
  refuseKeyInsideLine,
  refuseMapOnLineOfKey,
} from './ambiguous.ts';
import { YamlFault } from './fault.ts';
import { refuseForeignBreaks, refuseHidden } from './foreign-breaks.ts';
import { MAX_ALIAS_BYTES, MAX_DEPTH } from './limits.ts';
import { scalarText } from './read-scalar.ts';

/*
 * The document as a tree of nodes with their exact range in the text, built from js-yaml's flat stream of events. Values are read from
 * this tree, and edits use its offsets. Offsets count UTF-16 code units from the start of the document's text.
 */

interface NodeBase {
  /** First character of the value, including quotes and brackets, after tag and anchor. -1 for an empty value. */
  readonly start: number;
  /** The tag, without `!!` for YAML's own; undefined if there is none. */
  readonly tag: string | undefined;
  /** End of tag and anchor; -1 without either. */
  readonly propertiesEnd: number;
  readonly anchor: string | undefined;
  /** True if an alias refers to this node, so that an edit would change several places. */
  shared: boolean;
  /** Approximate length of the value as JSON, with aliases expanded. */
  size: number;
  /** Depth of collections, including itself, with aliases expanded. */
  height: number;
}

export interface YamlScalar extends NodeBase {
  readonly kind: 'scalar';
  readonly style: 'plain' | 'single' | 'double' | 'literal' | 'folded';
  /** Decoded text. */
  readonly text: string;
  /** End of the value, including quotes; for block scalars the end of their last line with the line break. */
  readonly end: number;
  /** Block scalars: start of the first line of content (the header `|-` is at `start`). */
  readonly contentStart: number;
  /** Block scalars: whether `|+` keeps trailing line breaks. */
  readonly keep: boolean;
}

export interface YamlSequence extends NodeBase {
  readonly kind: 'sequence';
  readonly flow: boolean;
  readonly items: YamlNode[];
}

export interface YamlPair {
  readonly key: YamlNode;
  value: YamlNode;
}

export interface YamlMapping extends NodeBase {
  readonly kind: 'mapping';
  readonly flow: boolean;
  readonly pairs: YamlPair[];
}

export interface YamlAlias extends NodeBase {
  readonly kind: 'alias';
  readonly end: number;
  readonly target: YamlScalar | YamlSequence | YamlMapping;
}

export type YamlNode = YamlScalar | YamlSequence | YamlMapping | YamlAlias;

type Collection = YamlSequence | YamlMapping;

const STYLES = {
  [SCALAR_STYLE.PLAIN]: 'plain',
  [SCALAR_STYLE.SINGLE_QUOTED]: 'single',
  [SCALAR_STYLE.DOUBLE_QUOTED]: 'double',
  [SCALAR_STYLE.LITERAL_BLOCK]: 'literal',
  [SCALAR_STYLE.FOLDED_BLOCK]: 'folded',
} as const;

/** Builds the tree of one document from its events; undefined if they contain none. @throws YamlFault */
export function composeDocument(text: string, events: readonly Event[]): YamlNode | undefined {
  const anchors = new Map<string, { readonly node: Exclude<YamlNode, YamlAlias>; complete: boolean }>();
  const open: { readonly node: Collection; key: YamlNode | undefined }[] = [];
  let root: YamlNode | undefined;
  let aliasBytes = 0;
  let lastEnd = 0;

  const place = (node: YamlNode) => {
    const parent = open.at(-1);
    if (!parent) root = node;
    else if (parent.node.kind === 'sequence') parent.node.items.push(node);
    else if (parent.key === undefined) {
      if (!parent.node.flow && parent.node.pairs.length > 0) refuseKeyInsideLine(text, node);
      parent.key = node;
    } else {
      parent.node.pairs.push({ key: parent.key, value: node });
      parent.key = undefined;
    }
  };
  const anchored = <T extends Exclude<YamlNode, YamlAlias>>(node: T, complete: boolean): T => {
    if (node.anchor !== undefined) anchors.set(node.anchor, { node, complete });
    return node;
  };

  refuseHiddenMarker(text, events);
  refuseHidden(text, events);
  for (const event of events) {
    switch (event.type) {
      case EVENT_ID.SCALAR: {
        const parent = open.at(-1);
        refuseForeignBreaks(
          text.slice(event.valueStart, event.valueEnd),
          event,
          parent?.node.kind === 'mapping' && parent.key === undefined,
        );
        if (event.style === SCALAR_STYLE.PLAIN && open.at(-1)?.node.flow) refuseAmbiguousPlain(text, event);
        const node = anchored(scalarNode(text, event, lastEnd), true);
        lastEnd = Math.max(lastEnd, node.end, node.propertiesEnd);
        place(node);
        break;
      }
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING: {
        const node = collectionNode(text, event);
        const key = open.at(-1)?.key;
        if (node.kind === 'mapping' && !node.flow && (key?.kind === 'scalar' || key?.kind === 'alias'))
          refuseMapOnLineOfKey(text, key.end, node.start);
        lastEnd = Math.max(lastEnd, node.propertiesEnd);
        place(anchored(node, false));
        open.push({ node, key: undefined });
        break;
      }
      case EVENT_ID.ALIAS: {
        refuseAmbiguousName(text, event.anchorStart, event.anchorEnd);
        const name = text.slice(event.anchorStart, event.anchorEnd);
        const start = event.anchorStart - 1;
        const known = anchors.get(name);
        if (!known) throw new YamlFault('yaml/bad-alias', 'an alias has no anchor before it', start);
        if (!known.complete) throw new YamlFault('yaml/bad-alias', 'an anchor contains itself', start);
        const target = known.node;
        target.shared = true;
        aliasBytes += target.size;
        if (aliasBytes > MAX_ALIAS_BYTES)
          throw new YamlFault('yaml/too-large', `aliases expand to more than ${MAX_ALIAS_BYTES >> 20} MiB`, start);
        if (open.length + target.height > MAX_DEPTH) throw tooDeep(start);
        const end = event.anchorEnd;
        lastEnd = end;
        place(aliasNode(target, start, end));
        break;
      }
      case EVENT_ID.POP: {
        const done = open.pop()?.node;
        if (done) finish(done, anchors);
        break;
      }
    }
  }
  return root;
}

export function tooDeep(offset: number): YamlFault {
  return new YamlFault('yaml/too-deep', `nesting is deeper than ${MAX_DEPTH} levels`, offset);
}

function finish(node: Collection, anchors: ReadonlyMap<string, { readonly node: YamlNode; complete: boolean }>): void {
  if (node.kind === 'sequence') for (const item of node.items) include(node, item);
  else
    for (const { key, value } of node.pairs) {
      include(node, key);
      include(node, value);
    }
  const anchor = node.anchor === undefined ? undefined : anchors.get(node.anchor);
  if (anchor?.node === node) anchor.complete = true;
}

function include(node: Collection, child: YamlNode): void {
  node.size += child.size;
  if (child.height >= node.height) node.height = child.height + 1;
}

// Hot path: nodes are written without spreads, so that all nodes of a kind share one hidden class.

function scalarNode(text: string, event: ScalarEvent, lastEnd: number): YamlScalar {
  const style = STYLES[event.style];
  const block = style === 'literal' || style === 'folded';
  const quote = style === 'single' || style === 'double' ? 1 : 0;
  const empty = event.valueStart < 0;
  const propertiesEnd = Math.max(event.tagEnd, event.anchorEnd);
  const value = empty ? '' : scalarText(text, event);
  return {
    kind: 'scalar',
    start: empty ? -1 : block ? blockHeader(text, Math.max(lastEnd, propertiesEnd)) : event.valueStart - quote,
    end: empty ? -1 : event.valueEnd + quote,
    contentStart: block ? event.valueStart : -1,
    keep: event.chomping === CHOMPING_MODE.KEEP,
    style,
    text: value,
    tag: tagName(text, event),
    anchor: anchorName(text, event),
    propertiesEnd,
    shared: false,
    size: value.length + 3,
    height: 0,
  };
}

function collectionNode(text: string, event: SequenceEvent | MappingEvent): Collection {
  const start = event.start;
  const flow = event.style === COLLECTION_STYLE.FLOW;
  const tag = tagName(text, event);
  const anchor = anchorName(text, event);
  const propertiesEnd = Math.max(event.tagEnd, event.anchorEnd);
  return event.type === EVENT_ID.SEQUENCE
    ? { kind: 'sequence', start, flow, items: [], tag, anchor, propertiesEnd, shared: false, size: 2, height: 1 }
    : { kind: 'mapping', start, flow, pairs: [], tag, anchor, propertiesEnd, shared: false, size: 2, height: 1 };
}

function aliasNode(target: YamlAlias['target'], start: number, end: number): YamlAlias {
  const { size, height } = target;
  return {
    kind: 'alias',
    start,
    end,
    target,
    tag: undefined,
    anchor: undefined,
    propertiesEnd: -1,
    shared: false,
    size,
    height,
  };
}

/** Finds the `|` or `>` of a block scalar: the first one after the previous token that is not in a comment. */
function blockHeader(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '|' || char === '>') return at;
    if (char === '#') while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  }
  return from;
}

type Properties = Pick<ScalarEvent, 'tagStart' | 'tagEnd' | 'anchorStart' | 'anchorEnd'>;

function tagName(text: string, { tagStart, tagEnd }: Properties): string | undefined {
  if (tagStart < 0) return undefined;
  const raw = text.slice(tagStart, tagEnd);
  refuseAmbiguousTag(text, raw, tagEnd);
  if (raw.startsWith('!!')) return raw.slice(2);
  return /^!<tag:yaml\.org,2002:(.*)>$/.exec(raw)?.[1] ?? raw;
}

function anchorName(text: string, { anchorStart, anchorEnd }: Properties): string | undefined {
  if (anchorStart < 0) return undefined;
  refuseAmbiguousName(text, anchorStart, anchorEnd);
  return text.slice(anchorStart, anchorEnd);
}

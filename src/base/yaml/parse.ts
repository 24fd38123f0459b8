import { FluxError } from '../errors.ts';
import { readEvents } from './events.ts';
import { YamlFault } from './fault.ts';
import { exceedsIndicators } from './indicators.ts';
import type { JsonValue } from './json.ts';
import { MAX_INDICATORS } from './limits.ts';
import { countLines, createLineIndex, type TextPosition } from './lines.ts';
import { composeDocument, tooDeep, type YamlNode } from './node.ts';
import { splitDocuments } from './stream.ts';
import { jsonFromNode, type YamlNotice } from './value.ts';

interface DocumentBase {
  /** Counts from 1, including empty documents, but not mere comments. */
  readonly number: number;
  /** The document's own text and its start in the stream; offsets of nodes refer to it. */
  readonly text: string;
  readonly offset: number;
}

export interface YamlDocument extends DocumentBase {
  readonly value: JsonValue;
  readonly root: YamlNode;
  /** At most `MAX_NOTICES`. */
  readonly warnings: readonly (YamlNotice & TextPosition)[];
  /** Line and column in the whole stream. */
  readonly position: (offset: number) => TextPosition;
  readonly error?: undefined;
}

/** An invalid document; it does not affect others of its stream. */
export interface BrokenYamlDocument extends DocumentBase, TextPosition {
  /** `yaml/…`, fault `user`. Never quotes the text, which may contain secrets. */
  readonly error: FluxError;
}

/**
 * Parses a stream of YAML or JSON documents as Kubernetes does, one at a time. Never throws because of the text: deep nesting, alias
 * expansion and invalid syntax only cause an error for that document.
 */
export function* parseYamlDocuments(text: string): Generator<YamlDocument | BrokenYamlDocument> {
  for (const place of documentPlaces(text)) yield parseDocument(text.slice(place.offset, place.end), place);
}

/** Parses one document of a stream by its number (from 1), without the others; undefined if there is none. */
export function parseYamlDocument(text: string, number: number): YamlDocument | BrokenYamlDocument | undefined {
  for (const place of documentPlaces(text)) {
    if (place.number === number) return parseDocument(text.slice(place.offset, place.end), place);
  }
  return undefined;
}

interface DocumentPlace {
  readonly number: number;
  readonly offset: number;
  readonly end: number;
  readonly line: number;
}

function* documentPlaces(text: string): Generator<DocumentPlace> {
  let line = 1;
  let counted = 0;
  let number = 0;
  for (const { start, end } of splitDocuments(text)) {
    line += countLines(text.slice(counted, start));
    counted = start;
    number++;
    yield { number, offset: start, end, line };
  }
}

function parseDocument(text: string, { number, offset, line }: DocumentPlace): YamlDocument | BrokenYamlDocument {
  const position = createLineIndex(text, line);
  const base = { number, text, offset };
  try {
    if (exceedsIndicators(text, MAX_INDICATORS))
      throw new YamlFault('yaml/too-large', `a document has more than ${MAX_INDICATORS} keys, values and items`, 0);
    const root = composeDocument(text, readEvents(text));
    if (!root) throw new YamlFault('yaml/bad-syntax', 'a document has no content', 0);
    const notices: YamlNotice[] = [];
    const value = jsonFromNode(root, notices);
    const warnings = notices.map((notice) => ({ ...notice, ...position(notice.offset) }));
    return { ...base, root, value, warnings, position };
  } catch (thrown) {
    const fault = faultFrom(thrown);
    const error = new FluxError(fault.message, { code: fault.code, fault: 'user', help: HELP[fault.code] ?? MALFORMED });
    return { ...base, ...position(Math.max(0, fault.offset)), error };
  }
}

const MALFORMED =
  'The document is refused; other documents of the file are not affected. This likely means it is malformed YAML.';
const HELP: Readonly<Record<string, string>> = {
  'yaml/too-deep': 'The document is refused. Kubernetes objects are never nested that deeply; check the tool that generated it.',
  'yaml/too-large':
    'The document is refused, because it is, or its aliases expand to, far more than an API server accepts. Split it up.',
};

function faultFrom(thrown: unknown): YamlFault {
  if (thrown instanceof YamlFault) return thrown;
  if (thrown instanceof RangeError) return tooDeep(0);
  throw thrown;
}

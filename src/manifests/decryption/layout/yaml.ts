import { applyEdits, parseYamlDocuments, type TextEdit } from '../../../base/index.ts';
import { badMetadata, type Layout, MAX_METADATA_LENGTH } from './layout.ts';

/** All that YAML 1.1 takes for the end of a line. */
const LINE = /([^\n\r\u0085\u2028\u2029]*)(?:\r\n|[\n\r\u0085\u2028\u2029]|$)/y;
const BLANK = /^[ \t]*(?:#|$)/;
const MARKER = /^(?:---|\.\.\.)[ \t]*(?:#|$)/;
const ITEM = /^-(?:[ \t]|$)/;
/** A key at the start of a line, whose letters are there to see. */
const KEY =
  /^(?!<<[ \t]*:)(?:[^\s"'?{}[\]&*!|>%@`,#:-]|[-:?](?=\S)).*?:(?:[ \t]|$)|^"(?:[^"\\]|\\[^xuU])*":(?:[ \t]|$)|^'(?:[^']|'')*':(?:[ \t]|$)/;
const METADATA = /^sops[ \t]*:/;
const QUOTED_METADATA = /^["']sops["']/;
const MENTIONED = /["']?sops["']?[ \t]*:/;

interface Part {
  readonly start: number;
  end: number;
  readonly document: number;
}

/**
 * Finds metadata by the lines of the file, without parsing its values. sops writes every document as a map in block style whose keys are
 * at the start of lines; in a file in which all keys at the start of lines are plain to see, no other place can be read as metadata.
 * @throws FluxError `decryption/bad-metadata` if the file mentions metadata, and is written in another way
 */
export function yamlLayout(path: string, text: string): Layout | undefined {
  const found = findParts(text);
  if (typeof found === 'number') {
    if (!MENTIONED.test(text)) return undefined;
    throw badMetadata(path, `line ${found} is not as sops writes it, so that it is in doubt what else it wrote`);
  }
  const first = found.filter(({ document }) => document === 0);
  const [part] = first;
  if (!part) return undefined;
  if (first.length > 1) throw badMetadata(path, 'its first document has several entries "sops"');
  if (part.end - part.start > MAX_METADATA_LENGTH) throw badMetadata(path, 'its entry "sops" is too long');
  const replaced = (by: (part: Part) => string) =>
    applyEdits(
      text,
      found.map((each): TextEdit => ({ start: each.start, end: each.end, text: by(each) })),
    );
  return {
    metadata: entryOf(path, text.slice(part.start, part.end)),
    with: (metadata) => replaced(({ document }) => `sops: ${document === 0 ? JSON.stringify(metadata) : '{}'}\n`),
    without: () => replaced(() => ''),
  };
}

/** Where metadata are; or the number of a line that could hide them. */
function findParts(text: string): readonly Part[] | number {
  const parts: Part[] = [];
  let [document, number, open, isEmpty] = [0, 0, undefined as Part | undefined, true];
  let hasContent = false;
  const close = (at: number) => {
    if (open) open.end = at;
    open = undefined;
  };
  LINE.lastIndex = text.startsWith('\uFEFF') ? 1 : 0;
  while (LINE.lastIndex < text.length) {
    const start = LINE.lastIndex;
    const [, line = ''] = LINE.exec(text) ?? [];
    number += 1;
    if (BLANK.test(line)) continue;
    if (MARKER.test(line)) {
      close(start);
      if (hasContent) document += 1;
      [isEmpty, hasContent] = [true, false];
      continue;
    }
    if (isEmpty) {
      if (/^[ \t]/.test(line) || ITEM.test(line)) return number;
      [isEmpty, hasContent] = [false, true];
    } else if (/^[ \t]/.test(line) || ITEM.test(line)) continue;
    close(start);
    if (/^(?:---|\.\.\.)/.test(line) || QUOTED_METADATA.test(line) || !KEY.test(line)) return number;
    if (!METADATA.test(line)) continue;
    open = { start, end: text.length, document };
    parts.push(open);
  }
  return parts;
}

function entryOf(path: string, part: string): unknown {
  const [document, ...others] = parseYamlDocuments(part);
  if (!document || document.error || others.length > 0) throw badMetadata(path, 'its entry "sops" is not valid YAML');
  const { value } = document;
  return typeof value === 'object' && value !== null && 'sops' in value ? value.sops : undefined;
}

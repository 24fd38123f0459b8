import { applyEdits, parseYamlDocuments, type TextEdit, type YamlNode, type YamlScalar } from '../../../base/index.ts';
import type { IsEncrypted } from './rules.ts';
import type { ClearValue } from './value.ts';

export interface Decryption {
  readonly isEncrypted: IsEncrypted;
  /** `place` is the path of its keys. Undefined if it cannot be decrypted. */
  readonly decrypt: (value: string, place: string) => ClearValue | undefined;
  /** Called for every value but null, in the order of the file, with what it adds to the MAC. */
  readonly onValue: (bytes: Buffer, wasEncrypted: boolean) => void;
}

/** What every reader of YAML takes for the same value. */
const NULL = /^(?:|~|null|Null|NULL)$/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
const INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;
const TEXT = /^[A-Za-z_/$]/;
/** Words that are texts to one reader and truth values or numbers to another. */
const DOUBTFUL = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/** A value that is left to sops. */
class Unusual extends Error {}

/** Decrypts the values of YAML or JSON in their places, and leaves all else as it is; undefined if anything is unusual. */
export function clearText(text: string, decryption: Decryption): string | undefined {
  const edits: TextEdit[] = [];
  try {
    for (const document of parseYamlDocuments(text)) {
      if (document.error || document.root.kind !== 'mapping') return undefined;
      for (const edit of editsOf(document.root, [], decryption))
        edits.push({ ...edit, start: edit.start + document.offset, end: edit.end + document.offset });
    }
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
  return applyEdits(text, edits);
}

/** @throws Unusual */
function* editsOf(node: YamlNode, path: readonly string[], decryption: Decryption): Generator<TextEdit> {
  if (node.kind === 'alias' || node.anchor !== undefined || node.tag !== undefined) throw new Unusual();
  if (node.kind === 'mapping') {
    for (const { key, value } of node.pairs) yield* editsOf(value, [...path, keyOf(key)], decryption);
  } else if (node.kind === 'sequence') {
    for (const item of node.items) yield* editsOf(item, path, decryption);
  } else yield* editOf(node, path, decryption);
}

/** @throws Unusual */
function keyOf(key: YamlNode): string {
  if (key.kind !== 'scalar' || key.anchor !== undefined || key.tag !== undefined) throw new Unusual();
  if (key.style === 'plain' && (!TEXT.test(key.text) || DOUBTFUL.test(key.text))) throw new Unusual();
  return key.text;
}

/** @throws Unusual */
function* editOf(scalar: YamlScalar, path: readonly string[], decryption: Decryption): Generator<TextEdit> {
  const { text, style, start, end } = scalar;
  if (style === 'plain' && NULL.test(text)) return;
  if (!decryption.isEncrypted(path)) return decryption.onValue(bytesOf(scalar), false);
  // sops leaves an empty text as it is.
  if (text === '') return decryption.onValue(Buffer.alloc(0), true);
  const clear = style === 'literal' || style === 'folded' ? undefined : decryption.decrypt(text, `${path.join(':')}:`);
  if (!clear) throw new Unusual();
  decryption.onValue(clear.bytes, true);
  yield { start, end, text: clear.written };
}

/** What a clear value adds to the MAC (sops.go, `ToBytes`). @throws Unusual */
function bytesOf({ text, style }: YamlScalar): Buffer {
  if (style !== 'plain' || INTEGER.test(text)) return Buffer.from(text);
  if (BOOLEAN.test(text)) return Buffer.from(text.toLowerCase() === 'true' ? 'True' : 'False');
  if (TEXT.test(text) && !DOUBTFUL.test(text)) return Buffer.from(text);
  throw new Unusual();
}

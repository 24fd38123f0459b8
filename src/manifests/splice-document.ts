import { applyEdits, type TextEdit, type YamlDocument } from '../base/index.ts';

/** Applies edits of one document to the complete text. */
export function spliceDocument(text: string, { offset, text: before }: YamlDocument, edits: readonly TextEdit[]): string {
  return text.slice(0, offset) + applyEdits(before, edits) + text.slice(offset + before.length);
}

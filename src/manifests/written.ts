import { type BrokenYamlDocument, nodeAt, type YamlDocument } from '../base/index.ts';

/** A document as it is in Git. */
export type Written = YamlDocument | BrokenYamlDocument;

/** Where a value of a document is, or the nearest around it. */
export function whereIn(document: Written, path: readonly (string | number)[]) {
  if (document.error) return { line: document.line, column: document.column };
  return document.position(Math.max(0, nodeAt(document.root, path).start));
}

import { parseYamlDocuments } from '../base/index.ts';

/** The documents of a file that are not empty, broken ones included. */
export function documentsWithContent(text: string) {
  return [...parseYamlDocuments(text)].filter((document) => document.error !== undefined || document.value !== null);
}

/** A file and its complete text. */
export interface FileText {
  readonly path: string;
  readonly content: string;
}

/** What is wrong with a document and where; becomes a FluxError with line and column at the door. */
export class YamlFault extends Error {
  readonly code: string;
  /** Offset in the document's text. */
  readonly offset: number;

  constructor(code: string, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

/** An error at an offset of a document; the room's index turns it into a FluxError with line and column. */
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

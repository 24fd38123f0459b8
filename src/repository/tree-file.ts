/** A file of a revision, as `git ls-tree` lists it. */
export interface TreeFile {
  readonly path: string;
  /** Set if the name is not UTF-8: `path` then has `\xNN` for bytes, and is not a usable path. */
  readonly undecodable?: true;
  /** `100644`, `100755`, `120000` (symbolic link) or `160000` (submodule). */
  readonly mode: string;
  /** Blob id, the same for the same content: the key of the parse cache. */
  readonly blob: string;
  /** Size in bytes; 0 for a submodule. */
  readonly size: number;
  /** Set if git-secret hides it: `blob` has it encrypted, and is listed under the name of its clear content. */
  readonly hidden?: true;
}

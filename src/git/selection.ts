/** Which files of a listing matter; the others count against the bound only. */
export interface Wanted {
  /** Tested on the path. Symbolic links and submodules are kept by any name. */
  readonly names: RegExp;
  /** Of the files below each of these paths the first is kept too, as a proof that there is one. */
  readonly below: readonly string[];
}

export interface Selection extends Wanted {
  /** The most records that are read. */
  readonly records: number;
  /** The most records, and bytes of them, that are kept. */
  readonly kept: { readonly records: number; readonly bytes: number };
}

export const FOLDER = '040000';
export const SYMLINK = '120000';
const SUBMODULE = '160000';

export function isWanted({ path, mode }: { readonly path: string; readonly mode: string }, names: RegExp): boolean {
  return mode === SYMLINK || mode === SUBMODULE || names.test(path);
}

/**
 * Reads the output of `git ls-tree -z` while it comes, and keeps the records that matter. A byte is a character here: names need no
 * encoding.
 */
export function createSelection({ names, below, records, kept }: Selection) {
  const selected: string[] = [];
  const unproven = new Set(below.map((path) => Buffer.from(path).toString('latin1')));
  let rest = '';
  let recordsLeft = records;
  let keptLeft = kept.records;
  let bytesLeft = kept.bytes;

  function matters(record: string): boolean {
    const mode = record.slice(0, FOLDER.length);
    if (mode === FOLDER) return false;
    const path = record.slice(record.indexOf('\t') + 1);
    let proves = false;
    for (const prefix of unproven) if (path === prefix || path.startsWith(`${prefix}/`)) proves = unproven.delete(prefix);
    return proves || isWanted({ path, mode }, names);
  }

  return {
    /** False when more came than is read. */
    add(chunk: Buffer): boolean {
      let start = 0;
      for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
        const record = rest + chunk.toString('latin1', start, end);
        rest = '';
        start = end + 1;
        recordsLeft -= 1;
        if (!matters(record)) continue;
        keptLeft -= 1;
        bytesLeft -= record.length;
        selected.push(record);
      }
      rest += chunk.toString('latin1', start);
      return recordsLeft >= 0 && keptLeft >= 0 && bytesLeft >= rest.length;
    },

    /** The records that were kept, each with its NUL. */
    output: (): Buffer => Buffer.from(selected.map((record) => `${record}\0`).join(''), 'latin1'),
  };
}

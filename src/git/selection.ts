/** Selects the files of a listing; others only count against the limit. */
export interface Wanted {
  /** Matched against the path. Symbolic links and submodules are always kept. */
  readonly names: RegExp;
  /** The first file below each of these paths is kept as well, as proof that the path exists. */
  readonly below: readonly string[];
}

export interface Selection extends Wanted {
  /** Limit of records. */
  readonly records: number;
  /** Limits of kept records and their bytes. */
  readonly kept: { readonly records: number; readonly bytes: number };
}

export const FOLDER = '040000';
export const SYMLINK = '120000';
export const SUBMODULE = '160000';

export function isWanted({ path, mode }: { readonly path: string; readonly mode: string }, names: RegExp): boolean {
  return mode === SYMLINK || mode === SUBMODULE || names.test(path);
}

/**
 * Filters the output of `git ls-tree -z` as it arrives. Bytes are treated as characters, so names need no encoding.
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
    /** False if a limit is exceeded. */
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

    /** The kept records, each with its NUL. */
    output: (): Buffer => Buffer.from(selected.map((record) => `${record}\0`).join(''), 'latin1'),
  };
}

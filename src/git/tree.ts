import { isUtf8 } from 'node:buffer';
import { FluxError, hasCode, yieldTurn } from '../base/index.ts';
import type { TreeFile } from '../repository/index.ts';
import type { Git } from './git.ts';
import { MAX_OUTPUT_BYTES, type RunOptions } from './git-process.ts';
import { FOLDER, isWanted, type Wanted } from './selection.ts';

/** Limit of files and folders in a revision, enough for a monorepo of a million files: a few small objects can expand to any number. */
export const MAX_ENTRIES = 1_250_000;
/** Limit of kept entries, which two threads hold in memory: twice that of manifest files. */
const MAX_KEPT = { records: 200_000, bytes: 48 << 20 };
/** Entries parsed in one turn of the event loop, 2 to 5 ms. */
const TURN = 2_000;

/**
 * Lists the files of a tree with a wanted name below the paths (everywhere without paths), all links, and all submodules.
 * @throws FluxError `git/path-missing`, with the first empty path, since an empty list would mean to delete everything.
 * @throws FluxError `git/too-many-files` for a tree that is too large.
 */
export async function listFiles(
  git: Git,
  revision: string,
  { names, below }: Wanted,
  options: RunOptions,
): Promise<readonly TreeFile[]> {
  const select = { names, below, records: MAX_ENTRIES, kept: MAX_KEPT };
  const listing = await git.lsTree(revision, below, { ...options, recursive: true, select }).catch((error: unknown) => {
    throw hasCode(error, 'git/too-much-output') ? tooManyFiles(revision, error) : error;
  });
  const files: TreeFile[] = [];
  const missing = new Set(below);
  let entries = 0;
  for (const file of treeEntries(listing)) {
    entries += 1;
    if (entries % TURN === 0) await yieldTurn(options.signal);
    for (const path of missing) if (file.path === path || file.path.startsWith(`${path}/`)) missing.delete(path);
    if (isWanted(file, names)) files.push(file);
  }
  for (const path of missing)
    throw new FluxError(`path "${path}" does not exist in revision ${revision.slice(0, 7)}`, {
      code: 'git/path-missing',
      fault: 'user',
      help: 'Correct --git-path, or restore the directory; until then nothing is applied or deleted.',
    });
  return files;
}

function tooManyFiles(revision: string, cause: FluxError): FluxError {
  const ofAll = `${MAX_ENTRIES} files and folders, or ${MAX_OUTPUT_BYTES >> 20} MiB of their names`;
  const ofKept = `${MAX_KEPT.records} (${MAX_KEPT.bytes >> 20} MiB) of manifests, links and submodules`;
  return new FluxError(`revision ${revision.slice(0, 7)} has more than ${ofAll}, or more than ${ofKept}`, {
    code: 'git/too-many-files',
    fault: 'user',
    help: 'The revision is refused: nothing is applied or deleted. Set --git-path to the directories with manifests, and look for a directory that contains itself many times.',
    cause,
  });
}

const [NUL, TAB, SPACE] = [0x00, 0x09, 0x20];

/**
 * Parses `<mode> <type> <id> <size>\t<path>\0` entries. Each string is created from its own bytes: a substring would keep the whole
 * listing in memory, and entries outlive many listings.
 */
export function* treeEntries(output: Buffer): Generator<TreeFile> {
  for (let start = 0, end = output.indexOf(NUL); end >= 0; start = end + 1, end = output.indexOf(NUL, start)) {
    const afterMode = output.indexOf(SPACE, start);
    const afterType = output.indexOf(SPACE, afterMode + 1);
    const afterId = output.indexOf(SPACE, afterType + 1);
    const tab = output.indexOf(TAB, afterId);
    const size = output.toString('latin1', afterId + 1, tab).trim();
    yield {
      ...nameOf(output.subarray(tab + 1, end)),
      mode: modeOf(output.toString('latin1', start, afterMode)),
      blob: output.toString('latin1', afterType + 1, afterId),
      size: size === '-' ? 0 : Number(size),
    };
  }
}

/** A file that differs between two trees. */
export interface TreeChange extends Pick<TreeFile, 'path' | 'undecodable'> {
  /** Undefined if it was removed. */
  readonly now: Pick<TreeFile, 'mode' | 'blob'> | undefined;
}

/** Parses `:<mode> <mode> <id> <id> <status>\0<path>\0` entries. */
export function* treeChanges(output: Buffer): Generator<TreeChange> {
  for (let start = 0, end = output.indexOf(NUL); end >= 0; end = output.indexOf(NUL, start)) {
    const [, mode = '', , blob = '', status] = output.toString('latin1', start, end).split(' ');
    const afterPath = output.indexOf(NUL, end + 1);
    const name = nameOf(output.subarray(end + 1, afterPath));
    yield { ...name, now: status === 'D' ? undefined : { mode: modeOf(mode), blob } };
    start = afterPath + 1;
  }
}

/** Names are bytes: decoding must not make two different names equal. */
export function nameOf(bytes: Buffer): Pick<TreeFile, 'path' | 'undecodable'> {
  if (isUtf8(bytes)) return { path: bytes.toString('utf8') };
  const path = bytes
    .toString('latin1')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is not plain ASCII is escaped
    .replace(/[\x00-\x1f\\\x7f-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return { path, undecodable: true };
}

/** All modes of git. */
const MODES: readonly string[] = ['100644', '100755', '120000', '160000', FOLDER];

/** Interned mode strings. */
function modeOf(text: string): string {
  return MODES.find((mode) => mode === text) ?? text;
}

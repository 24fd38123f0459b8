import { posix } from 'node:path';
import { FluxError, yieldTurn } from '../base/index.ts';
import type { FileProblem } from './problem.ts';

/** A file of a revision as `git ls-tree` lists it; the reader needs no more than this. */
export interface TreeFile {
  readonly path: string;
  /** Set when the name is not UTF-8: `path` then has `\xNN` for bytes, and names no file. */
  readonly undecodable?: true;
  /** `100644`, `100755`, `120000` (symbolic link) or `160000` (submodule). */
  readonly mode: string;
  readonly blob: string;
  /** Bytes. */
  readonly size: number;
}

export interface FileSelection {
  /** Regular files, each once, by whatever names it is reached. */
  readonly files: readonly TreeFile[];
  readonly errors: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
  /** Directories of Helm charts, of which nothing is selected. */
  readonly charts: readonly string[];
}

/** Files without such a name are read only when a link has one. */
export const MANIFEST_NAME = /\.(?:yaml|yml|json)$/;
const SYMLINK = '120000';
const SUBMODULE = '160000';
const MAX_LINKS = 10;
/** The most files that may hold manifests; twice what the largest installations have. */
const MAX_MANIFEST_FILES = 100_000;
/** Files that are looked at between two turns of the event loop, 1 to 2 ms. */
const TURN = 2_000;
/** PATH_MAX of Linux: a longer target cannot be a path. */
const MAX_TARGET_BYTES = 4096;

/**
 * Chooses the files that hold manifests: `.yaml`, `.yml` and `.json` outside of Helm charts (directories with both `Chart.yaml`
 * and `values.yaml`, as in Flux v1). Links are never opened: their target is looked up in the list of files, so nothing outside
 * of the repository can be reached (S-007), and a file that is linked to is read once, under its own path.
 */
export async function selectFiles(
  all: readonly TreeFile[],
  readLink: (file: TreeFile) => Promise<string>,
  signal?: AbortSignal,
): Promise<FileSelection> {
  const charts = await chartDirectories(all, signal);
  const inChart = chartFilter(charts);
  let byPath: ReadonlyMap<string, TreeFile> | undefined;
  const selected = new Map<string, TreeFile>();
  const errors: FileProblem[] = [];
  const warnings: FileProblem[] = [];
  for await (const file of inTurns(all, signal)) {
    const { path, mode } = file;
    const mayBeManifest = MANIFEST_NAME.test(path);
    if (mode === SUBMODULE) {
      if (inChart(path)) continue;
      // Git calls an entry of any mode that it does not know a submodule. One where a manifest stood leaves a doubt.
      (mayBeManifest ? errors : warnings).push({ file: path, error: submoduleIgnored(path) });
      continue;
    }
    if (!mayBeManifest || inChart(path)) continue;
    if (file.undecodable) errors.push({ file: path, error: nameRefused(path) });
    else if (mode !== SYMLINK) selected.set(path, file);
    else {
      byPath ??= await filesByPath(all, signal);
      const target = await resolveLink(file, byPath, readLink);
      if (target instanceof FluxError) errors.push({ file: path, error: target });
      else selected.set(target.path, target);
    }
    if (selected.size > MAX_MANIFEST_FILES) throw tooManyManifests();
  }
  return { files: [...selected.values()], errors, warnings, charts: [...charts] };
}

async function* inTurns(files: readonly TreeFile[], signal: AbortSignal | undefined): AsyncGenerator<TreeFile> {
  for (let start = 0; start < files.length; start += TURN) {
    if (start > 0) await yieldTurn(signal);
    yield* files.slice(start, start + TURN);
  }
}

async function filesByPath(files: readonly TreeFile[], signal: AbortSignal | undefined): Promise<ReadonlyMap<string, TreeFile>> {
  const found = new Map<string, TreeFile>();
  for await (const file of inTurns(files, signal)) if (!file.undecodable) found.set(file.path, file);
  return found;
}

/** Directories with both `Chart.yaml` and `values.yaml`. */
async function chartDirectories(files: readonly TreeFile[], signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  const [charts, values] = [new Set<string>(), new Set<string>()];
  for await (const { path, undecodable } of inTurns(files, signal)) {
    if (undecodable) continue;
    if (path === 'Chart.yaml' || path.endsWith('/Chart.yaml')) charts.add(posix.dirname(path));
    else if (path === 'values.yaml' || path.endsWith('/values.yaml')) values.add(posix.dirname(path));
  }
  return new Set([...charts].filter((directory) => values.has(directory)));
}

function chartFilter(charts: ReadonlySet<string>): (path: string) => boolean {
  return (path) => {
    if (charts.size === 0) return false;
    for (let directory = posix.dirname(path); ; directory = posix.dirname(directory)) {
      if (charts.has(directory)) return true;
      if (directory === '.' || directory === '/') return false;
    }
  };
}

async function resolveLink(
  link: TreeFile,
  byPath: ReadonlyMap<string, TreeFile>,
  readLink: (file: TreeFile) => Promise<string>,
): Promise<TreeFile | FluxError> {
  let file = link;
  for (let hops = 0; hops < MAX_LINKS; hops++) {
    if (file.size > MAX_TARGET_BYTES) return linkRefused(link.path, 'has a target that is too long for a path');
    const target = await readLink(file);
    const path = posix.normalize(posix.join(posix.dirname(file.path), target));
    if (target.startsWith('/') || path === '..' || path.startsWith('../'))
      return linkRefused(link.path, 'points out of the repository');
    const found = byPath.get(path);
    if (!found) return linkRefused(link.path, 'points to nothing among the files that are read, or to a directory');
    if (found.mode === SUBMODULE) return linkRefused(link.path, 'points to a submodule');
    if (found.mode !== SYMLINK) return found;
    file = found;
  }
  return linkRefused(link.path, `leads over more than ${MAX_LINKS} links`);
}

function nameRefused(path: string): FluxError {
  return new FluxError(`file ${path}: its name is not UTF-8`, {
    code: 'manifests/bad-name',
    fault: 'user',
    help: 'The file is refused, and nothing is deleted while it is there. Rename it with `git mv`.',
  });
}

function tooManyManifests(): FluxError {
  return new FluxError(`more than ${MAX_MANIFEST_FILES} files may hold manifests`, {
    code: 'manifests/too-many-files',
    fault: 'user',
    help: 'The revision is refused: nothing is applied and nothing deleted. Name the directories with manifests in --git-path.',
  });
}

function linkRefused(path: string, why: string): FluxError {
  return new FluxError(`symbolic link ${path} ${why}`, {
    code: 'manifests/symlink-refused',
    fault: 'user',
    help: 'The link is not followed. Replace it by a copy of the file, or let it point to a file of this repository below the --git-path.',
  });
}

function submoduleIgnored(path: string): FluxError {
  return new FluxError(`submodule ${path} is ignored`, {
    code: 'manifests/submodule-ignored',
    fault: 'user',
    help: 'Submodules are not fetched. Put the manifests into the repository itself.',
  });
}

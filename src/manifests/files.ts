import { posix } from 'node:path';
import { FluxError } from '../base/index.ts';
import type { FileProblem } from './problem.ts';

/** A file of a revision as `git ls-tree` lists it; the reader needs no more than this. */
export interface TreeFile {
  readonly path: string;
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
}

const MANIFEST_NAME = /\.(?:yaml|yml|json)$/;
const SYMLINK = '120000';
const SUBMODULE = '160000';
const MAX_LINKS = 10;
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
): Promise<FileSelection> {
  const inChart = chartFilter(all);
  let byPath: ReadonlyMap<string, TreeFile> | undefined;
  const selected = new Map<string, TreeFile>();
  const errors: FileProblem[] = [];
  const warnings: FileProblem[] = [];
  for (const file of all) {
    if (file.mode === SUBMODULE) {
      if (inChart(file.path)) continue;
      // Git calls an entry of any mode that it does not know a submodule. One where a manifest stood leaves a doubt.
      const problem = { file: file.path, error: submoduleIgnored(file.path) };
      (MANIFEST_NAME.test(file.path) ? errors : warnings).push(problem);
      continue;
    }
    if (!MANIFEST_NAME.test(file.path) || inChart(file.path)) continue;
    if (file.mode !== SYMLINK) {
      selected.set(file.path, file);
      continue;
    }
    byPath ??= new Map(all.map((each) => [each.path, each]));
    const target = await resolveLink(file, byPath, readLink);
    if (target instanceof FluxError) errors.push({ file: file.path, error: target });
    else selected.set(target.path, target);
  }
  return { files: [...selected.values()], errors, warnings };
}

function chartFilter(files: readonly TreeFile[]): (path: string) => boolean {
  const directoriesWith = (name: string) =>
    files.filter(({ path }) => path === name || path.endsWith(`/${name}`)).map(({ path }) => posix.dirname(path));
  const withValues = new Set(directoriesWith('values.yaml'));
  const charts = new Set(directoriesWith('Chart.yaml').filter((directory) => withValues.has(directory)));
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

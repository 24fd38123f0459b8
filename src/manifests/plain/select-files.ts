import { posix } from 'node:path';
import { FluxError, yieldTurn } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import type { FileProblem } from '../problem.ts';
import { resolveLink, SUBMODULE, SYMLINK } from '../resolve-link.ts';
import type { Inputs } from '../units/renderer.ts';
import { skippedCharts } from './other-tools.ts';

/** Names of manifest files; a file with another name is read only if a link has such a name. */
export const MANIFEST_NAME = /\.(?:yaml|yml|json)$/;
/** Limit of manifest files; twice that of the largest installations. */
const MAX_MANIFEST_FILES = 100_000;
/** Files processed in one turn of the event loop, 1 to 2 ms. */
const TURN = 2_000;

/**
 * Selects the manifest files: `.yaml`, `.yml` and `.json` outside Helm charts (directories with both `Chart.yaml` and `values.yaml`, as
 * in Flux v1). Links are never opened: their target is looked up in the list of files, so nothing outside the repository can be read
 * (S-007), and a linked file is read once, under its own path. Only paths that are included are read, and what links there lead to.
 */
export async function selectFiles(
  all: readonly TreeFile[],
  includes: (path: string) => boolean,
  readLink: (file: TreeFile) => Promise<string>,
  signal?: AbortSignal,
): Promise<Inputs> {
  const charts = await chartDirectories(all, signal);
  const inChart = isInChart(charts);
  let byPath: ReadonlyMap<string, TreeFile> | undefined;
  const selected = new Map<string, TreeFile>();
  const errors: FileProblem[] = [];
  const warnings: FileProblem[] = [];
  for await (const file of inTurns(all, signal)) {
    const { path, mode } = file;
    if (!includes(path)) continue;
    const mayBeManifest = MANIFEST_NAME.test(path);
    if (mode === SUBMODULE) {
      if (inChart(path)) continue;
      // Git treats an entry with an unknown mode as a submodule. In place of a manifest it prevents deletions.
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
  const skipped = [...charts].filter((directory) => includes(posix.join(directory, 'Chart.yaml')));
  return { files: [...selected.values()], errors, warnings: [...warnings, ...skippedCharts(skipped)] };
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

/** Directories with both `Chart.yaml` and `values.yaml`: Helm charts, of which nothing is read. */
export async function chartDirectories(
  files: readonly TreeFile[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const [charts, values] = [new Set<string>(), new Set<string>()];
  for await (const { path, undecodable } of inTurns(files, signal)) {
    if (undecodable) continue;
    if (path === 'Chart.yaml' || path.endsWith('/Chart.yaml')) charts.add(posix.dirname(path));
    else if (path === 'values.yaml' || path.endsWith('/values.yaml')) values.add(posix.dirname(path));
  }
  return new Set([...charts].filter((directory) => values.has(directory)));
}

/** Whether a file is in a chart. */
export function isInChart(charts: ReadonlySet<string>): (path: string) => boolean {
  return (path) => {
    if (charts.size === 0) return false;
    for (let directory = posix.dirname(path); ; directory = posix.dirname(directory)) {
      if (charts.has(directory)) return true;
      if (directory === '.' || directory === '/') return false;
    }
  };
}

function nameRefused(path: string): FluxError {
  return new FluxError(`file ${path}: its name is not UTF-8`, {
    code: 'manifests/bad-name',
    fault: 'user',
    help: 'The file is refused, and nothing is deleted until it is fixed. Rename it with `git mv`.',
  });
}

function tooManyManifests(): FluxError {
  return new FluxError(`more than ${MAX_MANIFEST_FILES} files may hold manifests`, {
    code: 'manifests/too-many-files',
    fault: 'user',
    help: 'The revision is refused: nothing is applied or deleted. Set --git-path to the directories with manifests.',
  });
}

function submoduleIgnored(path: string): FluxError {
  return new FluxError(`submodule ${path} is ignored`, {
    code: 'manifests/submodule-ignored',
    fault: 'user',
    help: 'Submodules are not fetched. Add the manifests to the repository itself.',
  });
}

import { posix } from 'node:path';
import { type Cancellable, FluxError, yieldTurn } from '../../base/index.ts';
import { type GenerationConfig, MAX_CONFIG_BYTES, parseGenerationConfig } from '../generation/config-file.ts';
import type { FileProblem } from '../problem.ts';
import { resolveLink, SUBMODULE, SYMLINK } from '../resolve-link.ts';
import type { Tree } from './tree.ts';
import { isRegular, type Unit } from './unit.ts';

export const CONFIG_NAME = '.flux.yaml';

/** A revision in units, and what is wrong with the rest. */
export interface Division {
  readonly units: readonly Unit[];
  readonly errors: readonly FileProblem[];
  /** Names of the units whose config file is wrong. */
  readonly refused: readonly string[];
}

/** A path to sync, and the config file that says how. */
interface Target {
  readonly directory: string;
  readonly configFile: string;
}

/**
 * Divides a revision by the `.flux.yaml` files that Flux v1 finds: for each path to sync, the one in that folder, or in the nearest folder
 * above it. Paths without one are plain files. A config file that is wrong makes an error of its unit, and affects no other.
 * @throws FluxError `generation/path-missing`, since an empty path would mean to delete everything
 */
export async function divide(tree: Tree, paths: readonly string[], { signal }: Cancellable): Promise<Division> {
  const plain: string[] = [];
  const targets = new Map<string, Target>();
  for (const path of paths.length === 0 ? [''] : paths.map(plainPath)) {
    await yieldTurn(signal);
    requirePath(tree, path);
    const target = findTarget(tree, path);
    if (target === undefined) plain.push(path);
    else targets.set(unitName(target), target);
  }
  const units: Unit[] = [];
  const errors: FileProblem[] = [];
  const refused: string[] = [];
  for (const [name, target] of targets) {
    signal?.throwIfAborted();
    try {
      const config = await readConfig(tree, target.configFile);
      if (config.kind === 'scanForFiles') plain.push(target.directory);
      else units.push({ renderer: 'commands', name, ...target, config });
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      errors.push({ file: target.configFile, unit: name, error });
      refused.push(name);
    }
  }
  const inPlain = plain.map(below);
  const includes = (path: string) => posix.basename(path) !== CONFIG_NAME && inPlain.some((isIn) => isIn(path));
  return { units: [...(plain.length === 0 ? [] : [{ renderer: 'plain', includes } as const]), ...units], errors, refused };
}

/** Without `./` and slashes too many. */
function plainPath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function findTarget(tree: Tree, path: string): Target | undefined {
  const file = tree.get(path);
  if (posix.basename(path) === CONFIG_NAME && file) return { directory: folderOf(path), configFile: path };
  if (file) return undefined;
  for (let folder = path; ; folder = folderOf(folder)) {
    const configFile = posix.join(folder, CONFIG_NAME);
    if (tree.get(configFile)) return { directory: path, configFile };
    if (folder === '') return undefined;
  }
}

function requirePath(tree: Tree, path: string): void {
  const isIn = below(path);
  if (tree.get(path) || tree.files.some((file) => isIn(file.path))) return;
  throw new FluxError(`path "${path}" does not exist in this revision`, {
    code: 'generation/path-missing',
    fault: 'user',
    help: 'Correct --git-path, or restore the directory; until then nothing is applied or deleted.',
  });
}

async function readConfig(tree: Tree, path: string): Promise<GenerationConfig> {
  const found = tree.get(path);
  const file = found?.mode === SYMLINK ? await resolveLink(found, tree, async (link) => `${await tree.read(link)}`) : found;
  if (file instanceof FluxError) throw file;
  if (file?.mode === SUBMODULE) throw unreadable('it is a submodule, not a file');
  if (!file || !isRegular(file)) throw unreadable('it is not a regular file');
  if (file.size > MAX_CONFIG_BYTES) throw unreadable(`it has more than ${MAX_CONFIG_BYTES >> 10} KiB`);
  return parseGenerationConfig((await tree.read(file)).toString('utf8'));
}

/** Flux v1's name of what a config generates, which errors and listings show. */
function unitName({ directory, configFile }: Target): string {
  return `${directory === '' ? '.' : directory}/${posix.relative(directory, configFile)}`;
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}

/** Whether a path is a folder or below it; the empty one is the root. */
function below(folder: string): (path: string) => boolean {
  if (folder === '') return () => true;
  const prefix = `${folder}/`;
  return (path) => path === folder || path.startsWith(prefix);
}

function unreadable(why: string): FluxError {
  return new FluxError(`cannot read config file: ${why}`, {
    code: 'generation/bad-config',
    fault: 'user',
    help: 'The objects of this unit stay as they are, and nothing is deleted, until the file is fixed.',
  });
}

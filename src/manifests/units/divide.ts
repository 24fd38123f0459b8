import { posix } from 'node:path';
import { type Cancellable, FluxError, yieldTurn } from '../../base/index.ts';
import { below, type Dependent } from '../../resource/index.ts';
import { type ConfigFile, MAX_CONFIG_BYTES, parseConfigFile } from '../generation/config-file.ts';
import type { FileProblem } from '../problem.ts';
import { resolveLink, SUBMODULE, SYMLINK } from '../resolve-link.ts';
import { type Node, orderOf } from './dependencies.ts';
import { plainPath } from './plain-path.ts';
import type { Tree } from './tree.ts';
import { type CommandUnit, isRegular, type Unit } from './unit.ts';

export const CONFIG_NAME = '.flux.yaml';

/** A revision in units, and what is wrong with the rest. */
export interface Division {
  readonly units: readonly Unit[];
  readonly errors: readonly FileProblem[];
  /** Names of the units whose config file is wrong, or that depend on what cannot come first. */
  readonly refused: readonly string[];
  /** What is applied after others. */
  readonly dependents: readonly Dependent[];
}

/** A path to sync, and the config file that says how. */
interface Target {
  readonly name: string;
  readonly directory: string;
  readonly configFile: string;
}

/**
 * Divides a revision by the `.flux.yaml` files that Flux v1 finds: for each path to sync, the one in that folder, or in the nearest folder
 * above it. Paths without one are plain files. A config file that is wrong, or that names dependencies that cannot come first, makes an
 * error of its unit, and affects no other.
 * @throws FluxError `generation/path-missing`, since an empty path would mean to delete everything
 */
export async function divide(tree: Tree, paths: readonly string[], cancel: Cancellable): Promise<Division> {
  const { signal } = cancel;
  const plain: string[] = [];
  const targets = new Map<string, Target>();
  for (const path of paths.length === 0 ? [''] : paths.map(plainPath)) {
    await yieldTurn(signal);
    requirePath(tree, path);
    const found = findTarget(tree, path);
    if (found === undefined) plain.push(path);
    else targets.set(found.name, found);
  }
  const units: CommandUnit[] = [];
  const nodes: Node[] = [];
  const errors: FileProblem[] = [];
  const unreadable: string[] = [];
  for (const each of targets.values()) {
    signal?.throwIfAborted();
    try {
      const { way, dependsOn } = await readConfig(tree, each.configFile);
      const renders = way.kind !== 'scanForFiles';
      if (renders) units.push({ renderer: 'commands', ...each, config: way });
      else plain.push(each.directory);
      nodes.push({ ...each, renders, dependsOn });
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      errors.push({ file: each.configFile, unit: each.name, error });
      unreadable.push(each.name);
      nodes.push({ ...each, renders: true, dependsOn: [] });
    }
  }
  const inPlain = isInOneOf(plain);
  const isPlain = (path: string) => posix.basename(path) !== CONFIG_NAME && inPlain(path);
  const hasFiles = (folder: string) => tree.files.some(({ path }) => below(folder)(path) && isPlain(path));
  const order = await orderOf(nodes, hasFiles, cancel);
  const barred = new Set(order.errors.map(({ unit }) => unit));
  const inBarred = isInOneOf(nodes.flatMap(({ name, directory, renders }) => (!renders && barred.has(name) ? directory : [])));
  const includes = (path: string) => isPlain(path) && !inBarred(path);
  return {
    units: [
      ...(plain.length === 0 ? [] : [{ renderer: 'plain', includes } as const]),
      ...units.filter(({ name }) => !barred.has(name)),
    ],
    errors: [...errors, ...order.errors],
    refused: [...unreadable, ...units.flatMap(({ name }) => (barred.has(name) ? name : []))],
    dependents: order.dependents,
  };
}

function findTarget(tree: Tree, path: string): Target | undefined {
  const file = tree.get(path);
  if (posix.basename(path) === CONFIG_NAME && file) return target(folderOf(path), path);
  if (file) return undefined;
  for (let folder = path; ; folder = folderOf(folder)) {
    const configFile = posix.join(folder, CONFIG_NAME);
    if (tree.get(configFile)) return target(path, configFile);
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

async function readConfig(tree: Tree, path: string): Promise<ConfigFile> {
  const found = tree.get(path);
  const file = found?.mode === SYMLINK ? await resolveLink(found, tree, async (link) => `${await tree.read(link)}`) : found;
  if (file instanceof FluxError) throw file;
  if (file?.mode === SUBMODULE) throw badConfig('it is a submodule, not a file');
  if (!file || !isRegular(file)) throw badConfig('it is not a regular file');
  if (file.size > MAX_CONFIG_BYTES) throw badConfig(`it has more than ${MAX_CONFIG_BYTES >> 10} KiB`);
  return parseConfigFile((await tree.read(file)).toString('utf8'));
}

/** Its name is Flux v1's of what a config generates, which errors and listings show. */
function target(directory: string, configFile: string): Target {
  return { name: `${directory === '' ? '.' : directory}/${posix.relative(directory, configFile)}`, directory, configFile };
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}

function isInOneOf(folders: readonly string[]): (path: string) => boolean {
  const inFolders = folders.map(below);
  return (path) => inFolders.some((isIn) => isIn(path));
}

function badConfig(why: string): FluxError {
  return new FluxError(`cannot read config file: ${why}`, {
    code: 'generation/bad-config',
    fault: 'user',
    help: 'The objects of this unit stay as they are, and nothing is deleted, until the file is fixed.',
  });
}

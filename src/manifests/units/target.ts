import { posix } from 'node:path';
import { FluxError, folderOf } from '../../base/index.ts';
import { type ConfigFile, MAX_CONFIG_BYTES, parseConfigFile } from '../generation/config-file.ts';
import { isRegular } from '../regular-file.ts';
import { resolveLink, SUBMODULE, SYMLINK } from '../resolve-link.ts';
import type { Tree } from './tree.ts';

export const CONFIG_NAME = '.flux.yaml';

/** A path to sync, and the config file that says how. */
export interface Target {
  readonly name: string;
  readonly directory: string;
  readonly configFile: string;
}

/** The `.flux.yaml` that is nearest to a path, in its folder or above; undefined if there is none, or the path is another file. */
export function findTarget(tree: Tree, path: string): Target | undefined {
  const file = tree.get(path);
  if (posix.basename(path) === CONFIG_NAME && file) return targetOf(folderOf(path), path);
  if (file) return undefined;
  for (let folder = path; ; folder = folderOf(folder)) {
    const configFile = posix.join(folder, CONFIG_NAME);
    if (tree.get(configFile)) return targetOf(path, configFile);
    if (folder === '') return undefined;
  }
}

/** @throws FluxError `generation/bad-config`, or why a link is refused */
export async function readConfig(tree: Tree, path: string): Promise<ConfigFile> {
  const found = tree.get(path);
  const file = found?.mode === SYMLINK ? await resolveLink(found, tree, async (link) => `${await tree.read(link)}`) : found;
  if (file instanceof FluxError) throw file;
  if (file?.mode === SUBMODULE) throw badConfig('it is a submodule, not a file');
  if (!file || !isRegular(file)) throw badConfig('it is not a regular file');
  if (file.size > MAX_CONFIG_BYTES) throw badConfig(`it has more than ${MAX_CONFIG_BYTES >> 10} KiB`);
  return parseConfigFile((await tree.read(file)).toString('utf8'));
}

/** Its name is Flux v1's of what a config generates, which errors and listings show. */
export function targetOf(directory: string, configFile: string): Target {
  return { name: `${directory === '' ? '.' : directory}/${posix.relative(directory, configFile)}`, directory, configFile };
}

function badConfig(why: string): FluxError {
  return new FluxError(`cannot read config file: ${why}`, {
    code: 'generation/bad-config',
    fault: 'user',
    help: 'The objects of this unit stay as they are, and nothing is deleted, until the file is fixed.',
  });
}

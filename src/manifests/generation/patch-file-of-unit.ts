import { posix } from 'node:path';
import { badPatchFile, readPatchText } from '../patch/patch-text.ts';
import type { Tree } from '../units/tree.ts';
import type { CommandUnit } from '../units/unit.ts';

/**
 * The path of a unit's patch file from the root of the repository; undefined for a unit without patches.
 * @throws FluxError `generation/bad-patch-file` if it leads out of the repository
 */
export function patchFileOf({ directory, config }: CommandUnit): string | undefined {
  if (config.kind !== 'patchUpdated') return undefined;
  const path = posix.join(directory, config.patchFile);
  if (posix.isAbsolute(config.patchFile) || path === '..' || path.startsWith('../') || path.endsWith('/'))
    throw badPatchFile(config.patchFile, 'it must be a file of the repository');
  return path;
}

/**
 * The text of a unit's patch file; empty if there is none yet.
 * @throws FluxError `generation/bad-patch-file`, or as `readPatchText` does
 */
export async function readPatchFile(unit: CommandUnit, tree: Tree): Promise<string> {
  const path = patchFileOf(unit);
  if (path === undefined) return '';
  const file = tree.get(path);
  if (file === undefined) {
    const folder = posix.dirname(path);
    if (folder === '.' || tree.files.some((each) => each.path.startsWith(`${folder}/`))) return '';
    const shown = unit.config.kind === 'patchUpdated' ? unit.config.patchFile : path;
    throw badPatchFile(shown, `base directory ("${folder}") of patchFile ("${shown}") does not exist`);
  }
  return readPatchText(file, tree);
}

import { posix } from 'node:path';
import { FluxError } from '../../base/index.ts';
import { decodeText } from '../decode.ts';
import { isRegular } from '../regular-file.ts';
import type { Tree } from '../units/tree.ts';
import type { CommandUnit } from '../units/unit.ts';

/** The largest patch file that is read, in bytes. */
const MAX_BYTES = 4 << 20;

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
 * @throws FluxError `generation/bad-patch-file`, or as `decodeText` does
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
  if (!isRegular(file)) throw badPatchFile(path, 'it is a link or a submodule, not a file');
  if (file.size > MAX_BYTES) throw badPatchFile(path, `it has more than ${MAX_BYTES >> 20} MiB`);
  return decodeText(await tree.read(file));
}

function badPatchFile(path: string, why: string): FluxError {
  return new FluxError(`patch file ${JSON.stringify(path.slice(0, 200))}: ${why}`, {
    code: 'generation/bad-patch-file',
    fault: 'user',
    help: 'Correct `patchUpdated.patchFile`. The objects of this unit stay as they are, and nothing is deleted, until then.',
  });
}

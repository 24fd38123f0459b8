import type { Cancellable } from '../../base/index.ts';
import type { FileText } from '../../repository/index.ts';
import type { ObjectChange } from '../object-change.ts';
import { patchName } from '../patch/patch-file.ts';
import type { Tree } from '../units/tree.ts';
import type { CommandUnit } from '../units/unit.ts';
import { type GenerationOptions, runGenerators } from './generate.ts';
import { patchFileOf, readPatchFile } from './patch-file-of-unit.ts';

/**
 * The patch file of a unit after changes of its objects; empty if it has them already.
 * @throws FluxError as `runGenerators`, `readPatchFile` and `editPatchFile` do
 */
export async function editPatches(
  unit: CommandUnit,
  changes: readonly ObjectChange[],
  tree: Tree,
  options: GenerationOptions,
  cancel: Cancellable,
): Promise<readonly FileText[]> {
  const path = patchFileOf(unit);
  if (path === undefined) throw new Error('the unit has no patch file');
  const before = await readPatchFile(unit, tree);
  const generated = (await runGenerators(unit, tree, options, cancel)).toString('utf8');
  const named = changes.map(({ manifest: { object }, change }) => ({ name: patchName(object) ?? '', change }));
  const content = await options.thread.change(
    before,
    { kind: 'patches', generated, changes: named, dialect: 'kubernetes' },
    cancel.signal,
  );
  return content === before ? [] : [{ path, content }];
}

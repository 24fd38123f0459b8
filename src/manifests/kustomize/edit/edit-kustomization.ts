import type { Cancellable } from '../../../base/index.ts';
import type { FileText } from '../../../repository/index.ts';
import type { ObjectChange } from '../../object-change.ts';
import type { Tree } from '../../units/tree.ts';
import { Trial } from '../../units/trial.ts';
import type { KustomizeUnit } from '../../units/unit.ts';
import { changeByPatch } from './change-by-patch.ts';
import { changeImages } from './change-images.ts';
import { type KustomizeEditOptions, kustomizeTrials } from './kustomize-trial.ts';

/**
 * The files with new text after changes of objects that kustomize builds. Images are changed in `images` of the kustomization, if
 * building it again shows that exactly the wanted containers change; else, and for annotations, in a patch file beside it. Other files
 * stay as they are, since others may be built from them. None if the objects are so already.
 * @throws FluxError `kustomize/cannot-edit`, or as `build` does
 */
export async function editKustomization(
  unit: KustomizeUnit,
  changes: readonly ObjectChange[],
  tree: Tree,
  options: KustomizeEditOptions,
  cancel: Cancellable,
): Promise<readonly FileText[]> {
  const trial = await Trial.of(unit, tree, kustomizeTrials(options), cancel);
  const missing = changes.filter((change) => !trial.has(change));
  const images = missing.filter(({ change }) => change.kind === 'images');
  const others = missing.filter(({ change }) => change.kind !== 'images');
  // Containers that share an image can only change together.
  const areChanged = images.length > 0 && (await changeImages(trial, images));
  for (const change of areChanged ? [] : images)
    if (images.length === 1 || !(await changeImages(trial, [change]))) await changeByPatch(trial, change, options);
  for (const change of others) await changeByPatch(trial, change, options);
  return trial.edits();
}

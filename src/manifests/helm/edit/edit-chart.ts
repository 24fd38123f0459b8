import type { Cancellable } from '../../../base/index.ts';
import type { FileText } from '../../../repository/index.ts';
import { containersOf } from '../../../resource/index.ts';
import type { ObjectChange } from '../../object-change.ts';
import type { Tree } from '../../units/tree.ts';
import { Trial } from '../../units/trial.ts';
import type { HelmUnit } from '../../units/unit.ts';
import type { HelmOptions } from '../render-chart.ts';
import { changeByPatch, unpatched } from './change-by-patch.ts';
import { changeValues } from './change-values.ts';
import { type HelmTrial, helmTrials } from './helm-trial.ts';

/**
 * The files with new text after changes of objects that a chart renders. Images are changed in the values that only this unit has, if
 * rendering again shows that exactly the wanted containers change; one that a patch sets is changed there, and annotations become
 * patches. None if the objects are so already.
 * @throws FluxError `helm/cannot-edit`, or as `renderChart` does
 */
export async function editChart(
  unit: HelmUnit,
  changes: readonly ObjectChange[],
  tree: Tree,
  options: HelmOptions,
  cancel: Cancellable,
): Promise<readonly FileText[]> {
  const trial = await Trial.of(unit, tree, helmTrials(options), cancel);
  const missing = changes.filter((change) => !trial.has(change));
  const inValues: ObjectChange[] = [];
  for (const change of missing) {
    if (change.change.kind === 'images' && !(await isPatched(trial, change, options))) inValues.push(change);
    else await changeByPatch(trial, change, options);
  }
  await changeValues(trial, inValues, options);
  return trial.edits();
}

/** Whether a patch sets one of the images that should change. */
async function isPatched(
  trial: HelmTrial,
  { manifest: { object }, change }: ObjectChange,
  options: HelmOptions,
): Promise<boolean> {
  if (change.kind !== 'images' || !trial.unit.patch) return false;
  const before = containersOf(await unpatched(trial, object, options));
  return containersOf(trial.rendered(object).object).some(
    ({ name, image }) => change.images.has(name) && before.find((each) => each.name === name)?.image !== image,
  );
}

import { type Cancellable, FluxError } from '../../../base/index.ts';
import type { FileText } from '../../../repository/index.ts';
import type { ObjectChange } from '../../object-change.ts';
import type { Tree } from '../../units/tree.ts';
import { Trial } from '../../units/trial.ts';
import type { HelmUnit } from '../../units/unit.ts';
import type { HelmOptions } from '../render-chart.ts';
import { changeByPatch } from './change-by-patch.ts';
import { helmTrials } from './helm-trial.ts';

/**
 * The files with new text after changes of objects that a chart renders: annotations become patches. None if the objects are so already.
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
  for (const change of changes.filter((each) => !trial.has(each))) {
    if (change.change.kind === 'images') throw notEdited(unit);
    await changeByPatch(trial, change, options);
  }
  return trial.edits();
}

function notEdited({ configFile }: HelmUnit): FluxError {
  return new FluxError(`images of a chart cannot be changed yet (${configFile})`, {
    code: 'helm/not-edited',
    fault: 'user',
    help: 'Change the values in Git yourself.',
  });
}

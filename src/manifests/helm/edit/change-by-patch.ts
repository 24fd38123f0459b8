import { posix } from 'node:path';
import { dumpYaml, FluxError } from '../../../base/index.ts';
import type { KubeObject } from '../../../resource/index.ts';
import type { ObjectChange } from '../../object-change.ts';
import { patchName } from '../../patch/patch-file.ts';
import { PATCH_FILE } from '../../patch/patch-text.ts';
import { objectKey } from '../../units/object-key.ts';
import { type HelmOptions, renderChart } from '../render-chart.ts';
import { cannotEdit, type HelmTrial } from './helm-trial.ts';

/**
 * Changes an object in the patch file beside the config file.
 * @throws FluxError `helm/cannot-edit`, or as `renderChart` does
 */
export async function changeByPatch(trial: HelmTrial, change: ObjectChange, options: HelmOptions): Promise<void> {
  const { unit, cancel } = trial;
  const path = posix.join(unit.directory, PATCH_FILE);
  const object = await unpatched(trial, change.manifest.object, options);
  const before = (await trial.read(path)) ?? '';
  let why: string | undefined;
  // A person's patch may name no namespace, and mean that of the release.
  for (const named of object.metadata.namespace === undefined ? [object] : [object, withoutNamespace(object)]) {
    try {
      const content = await options.thread.change(
        before,
        {
          kind: 'patches',
          generated: dumpYaml(named),
          changes: [{ name: patchName(named) ?? '', change: change.change }],
          dialect: 'kubernetes',
        },
        cancel.signal,
      );
      const difference = await trial.attempt([{ path, content }], [change]);
      if (difference === undefined) return;
      why ??= difference;
    } catch (error) {
      cancel.signal?.throwIfAborted();
      if (!(error instanceof FluxError)) throw error;
      why ??= error.message;
    }
  }
  cannotEdit(unit, why ?? 'no patch finds the object');
}

/** An object as it is rendered without the patch file, which is what its patches are for. */
export async function unpatched(trial: HelmTrial, object: KubeObject, options: HelmOptions): Promise<KubeObject> {
  const { patch, ...unit } = trial.unit;
  if (patch === undefined) return trial.rendered(object).object;
  const { objects } = await renderChart(unit, trial.tree, options, trial.cancel);
  const found = objects.find((each) => objectKey(each.object) === objectKey(object));
  return found?.object ?? cannotEdit(trial.unit, `without ${patch.path}, it does not render ${object.metadata.name}`);
}

function withoutNamespace(object: KubeObject): KubeObject {
  const { namespace: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

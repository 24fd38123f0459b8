import { containersOf } from '../../../resource/index.ts';
import type { ObjectChange } from '../../object-change.ts';
import { editKustomizationText } from './edit-text.ts';
import type { ImageReplacement } from './images-entry.ts';
import { type KustomizeTrial, kustomizationText } from './kustomize-trial.ts';

/**
 * Changes images in `images` of the kustomization. False, and nothing is changed, if another container would change too, or the layout of
 * the file does not allow it.
 */
export async function changeImages(trial: KustomizeTrial, changes: readonly ObjectChange[]): Promise<boolean> {
  const replacements = changes.flatMap((change) => replacementsOf(trial, change));
  const once = [...new Map(replacements.map((each) => [each.from, each])).values()];
  const content = editKustomizationText(await kustomizationText(trial), { kind: 'images', replacements: once });
  if (content === undefined) return false;
  return (await trial.attempt([{ path: trial.unit.configFile, content }], changes)) === undefined;
}

function replacementsOf(trial: KustomizeTrial, { manifest, change }: ObjectChange): readonly ImageReplacement[] {
  if (change.kind !== 'images') return [];
  return containersOf(trial.rendered(manifest.object).object).flatMap(({ name, image }) => {
    const to = change.images.get(name);
    return to === undefined || to === image ? [] : [{ from: image, to }];
  });
}

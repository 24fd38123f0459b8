import { FluxError } from '../../../base/index.ts';
import { Pace } from '../../units/pace.ts';
import type { Trial, TrialOptions } from '../../units/trial.ts';
import type { KustomizeUnit } from '../../units/unit.ts';
import { build, type KustomizeOptions } from '../build.ts';
import { kustomizeInputs } from '../inputs.ts';
import type { Kustomizations } from '../kustomizations.ts';

export interface KustomizeEditOptions extends KustomizeOptions {
  /** Those of all trees: a trial changes one of them, or two. */
  readonly kustomizations: Kustomizations;
}

export type KustomizeTrial = Trial<KustomizeUnit>;

/** How edits of kustomizations are tried. */
export function kustomizeTrials(options: KustomizeEditOptions): TrialOptions<KustomizeUnit> {
  return {
    render: (unit, tree, cancel) => build(unit, tree, options, cancel),
    async unitIn(unit, tree, { signal }) {
      const { files, asWritten } = await kustomizeInputs(tree, unit.directory, options.kustomizations, new Pace(signal));
      return { ...unit, files, asWritten };
    },
    cannotEdit,
  };
}

/** @throws FluxError `kustomize/cannot-edit` */
export async function kustomizationText(trial: KustomizeTrial): Promise<string> {
  return (await trial.read(trial.unit.configFile)) ?? cannotEdit(trial.unit, 'it is not a regular file');
}

/** @throws FluxError `kustomize/cannot-edit` */
export function cannotEdit({ name }: KustomizeUnit, why: string): never {
  throw new FluxError(`no edit of ${name} makes exactly this change: ${why}`, {
    code: 'kustomize/cannot-edit',
    fault: 'user',
    help: 'Nothing was changed; edit the kustomization by hand.',
  });
}

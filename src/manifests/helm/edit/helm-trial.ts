import { FluxError } from '../../../base/index.ts';
import { Pace } from '../../units/pace.ts';
import { readConfig } from '../../units/target.ts';
import type { Trial, TrialOptions } from '../../units/trial.ts';
import type { HelmUnit } from '../../units/unit.ts';
import { helmInputs } from '../inputs.ts';
import { type HelmOptions, renderChart } from '../render-chart.ts';

export type HelmTrial = Trial<HelmUnit>;

/** How edits of what a chart is rendered from are tried. */
export function helmTrials(options: HelmOptions): TrialOptions<HelmUnit> {
  return {
    render: (unit, tree, cancel) => renderChart(unit, tree, options, cancel),
    async unitIn(unit, tree, { signal }) {
      const { way } = await readConfig(tree, unit.configFile);
      if (way.kind !== 'helm') return cannotEdit(unit, `${unit.configFile} names no chart`);
      const inputs = await helmInputs(tree, unit, way.config, new Pace(signal));
      return { ...unit, config: way.config, ...inputs };
    },
    cannotEdit,
  };
}

/** @throws FluxError `helm/cannot-edit` */
export function cannotEdit({ name }: HelmUnit, why: string): never {
  throw new FluxError(`no edit of ${name} makes exactly this change: ${why}`, {
    code: 'helm/cannot-edit',
    fault: 'user',
    help: 'Nothing was changed. Change the values by hand; docs/helm.md says what fluxd can change.',
  });
}

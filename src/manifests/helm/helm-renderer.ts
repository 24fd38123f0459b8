import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import type { ClusterCapabilities } from '../../resource/index.ts';
import { Pace } from '../units/pace.ts';
import type { Renderer } from '../units/renderer.ts';
import type { HelmUnit } from '../units/unit.ts';
import { editChart } from './edit/edit-chart.ts';
import { type HelmOptions, renderChart } from './render-chart.ts';

/** Renders charts with Helm; the program says how many at once. */
export function createHelmRenderer(options: HelmOptions): Renderer<HelmUnit> {
  // One after the other, for others to have their turn: they are asked for together.
  const inTurn = pLimit(1);
  const pace = new Pace();
  // The same for all charts of a revision, and long.
  const hashes = new WeakMap<ClusterCapabilities, string>();
  const hashOf = (capabilities: ClusterCapabilities) => {
    const hash = hashes.get(capabilities) ?? createHash('sha256').update(JSON.stringify(capabilities)).digest('hex');
    hashes.set(capabilities, hash);
    return hash;
  };
  return {
    inputsOf: ({ config, release, capabilities, chart, archive, files, valuesFiles, valuesFrom, patch }) =>
      inTurn(async () => {
        const versions = valuesFrom.map(({ name, version }) => [name, version]);
        const hash = createHash('sha256').update(
          JSON.stringify([hashOf(capabilities), config, release, chart, archive, versions]),
        );
        for (const { path, file } of [...files, ...valuesFiles]) {
          await pace.beforeName(path);
          hash.update(`\0${file.mode} ${file.blob} ${path}`);
        }
        if (patch) hash.update(`\0patch ${patch.mode} ${patch.blob}`);
        return hash.digest('hex');
      }),
    render: (unit, tree, cancel) => renderChart(unit, tree, options, cancel),
    edit: (unit, changes, tree, cancel) => editChart(unit, changes, tree, options, cancel),
  };
}

import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { FluxError } from '../../base/index.ts';
import type { ClusterCapabilities } from '../../resource/index.ts';
import { Pace } from '../units/pace.ts';
import type { Renderer } from '../units/renderer.ts';
import type { HelmUnit } from '../units/unit.ts';
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
    inputsOf: ({ config, release, capabilities, chart, files, valuesFiles }) =>
      inTurn(async () => {
        const hash = createHash('sha256').update(JSON.stringify([hashOf(capabilities), config, release, chart]));
        for (const { path, file } of [...files, ...valuesFiles]) {
          await pace.beforeName(path);
          hash.update(`\0${file.mode} ${file.blob} ${path}`);
        }
        return hash.digest('hex');
      }),
    render: (unit, tree, cancel) => renderChart(unit, tree, options, cancel),
    edit: (unit) => Promise.reject(notEdited(unit)),
  };
}

function notEdited({ configFile }: HelmUnit): FluxError {
  return new FluxError(`images and policies of a chart cannot be changed yet (${configFile})`, {
    code: 'helm/not-edited',
    fault: 'user',
    help: 'Change the values in Git yourself.',
  });
}

import { posix } from 'node:path';
import { below } from '../../base/index.ts';
import { isRegular } from '../regular-file.ts';
import { coveredBy } from '../units/covered.ts';
import type { Pace } from '../units/pace.ts';
import type { Target } from '../units/target.ts';
import type { Tree } from '../units/tree.ts';
import type { HelmUnit } from '../units/unit.ts';
import type { HelmConfig } from './helm-config.ts';

/**
 * Adds to each unit the files with values that it alone has: in its folder, regular, in no chart, and named by no other. An edit of one of
 * them changes no other unit.
 */
export async function withOwnFiles(
  units: readonly Omit<HelmUnit, 'own'>[],
  named: readonly (Target & { readonly config: HelmConfig })[],
  tree: Tree,
  pace: Pace,
): Promise<readonly HelmUnit[]> {
  const uses = new Map<string, number>();
  const use = (path: string) => uses.set(path, (uses.get(path) ?? 0) + 1);
  // Those that are refused count too: they are rendered once they are mended.
  for (const { directory, configFile, config } of named) {
    const files = new Set(config.valuesFiles.map((path) => posix.join(directory, path)));
    await pace.before(files.size + 1);
    for (const path of [configFile, ...files]) use(path);
  }
  for (const { valuesFiles } of units) for (const { path, file } of valuesFiles) if (file.path !== path) use(file.path);
  const inChart = coveredBy(new Set(units.flatMap(({ chart, archive }) => (archive ? [] : chart))));
  return units.map((unit) => {
    const isIn = below(unit.directory);
    const isOwn = (path: string) => {
      const file = tree.get(path);
      return file !== undefined && isRegular(file) && isIn(path) && uses.get(path) === 1;
    };
    const values = [...new Set(unit.valuesFiles.map(({ path }) => path))].filter((path) => !inChart(path));
    return { ...unit, own: [...values, unit.configFile].filter(isOwn) };
  });
}

import { posix } from 'node:path';
import { type Cancellable, FluxError, fewOf, folderOf } from '../../base/index.ts';
import type { ClusterCapabilities } from '../../resource/index.ts';
import { MANIFEST_NAME } from '../plain/select-files.ts';
import type { FileProblem } from '../problem.ts';
import { coveredBy } from '../units/covered.ts';
import type { DependsOn } from '../units/depends-on.ts';
import type { FoundUnits } from '../units/found-units.ts';
import { Pace } from '../units/pace.ts';
import { CONFIG_NAME, type Target } from '../units/target.ts';
import type { Tree } from '../units/tree.ts';
import type { HelmUnit } from '../units/unit.ts';
import type { HelmConfig } from './helm-config.ts';
import type { Capabilities } from './helm-program.ts';
import { helmInputs, releaseNameOf } from './inputs.ts';
import { withOwnFiles } from './own-files.ts';
import { leftOutObjects } from './values-from.ts';

/** A `.flux.yaml` that names a chart. */
export interface NamedChart extends Target {
  readonly config: HelmConfig;
  readonly dependsOn: readonly DependsOn[];
}

/** Values of other clusters are often beside those that are named. */
const VALUES_NAME = /values/i;
const SHOWN = 5;
/** The code of a warning: what is rendered is not what fluxd would apply. */
export const VALUES_LEFT_OUT = 'helm/values-left-out';
const NOTHING: ClusterCapabilities = { apiVersions: [] };

export interface HelmUnitsOptions extends Cancellable {
  /** Folders whose config file cannot be read, which may name any chart. */
  readonly broken: readonly string[];
  readonly capabilities: Capabilities;
}

/** Finds all that each named chart is rendered from. One that is wrong affects no other. */
export async function helmUnits(
  tree: Tree,
  named: readonly NamedChart[],
  { broken, capabilities, ...cancel }: HelmUnitsOptions,
): Promise<FoundUnits<HelmUnit>> {
  const pace = new Pace(cancel.signal);
  const served = named.length === 0 ? NOTHING : await capabilities(cancel).catch(fluxError);
  const found: Omit<HelmUnit, 'own'>[] = [];
  const errors: FileProblem[] = [];
  const warnings: FileProblem[] = [];
  const refused: string[] = [];
  const folders = new Set([...broken, ...named.map(({ directory }) => directory)]);
  const valuesFiles = new Set<string>();
  for (const { config, dependsOn: _, ...target } of named) {
    const { name, directory, configFile } = target;
    const { chart } = config;
    try {
      if (served instanceof FluxError) throw served;
      const inputs = await helmInputs(tree, target, config, pace);
      const release = releaseNameOf(directory, config);
      found.push({ renderer: 'helm', ...target, config, release, capabilities: served, ...inputs });
      const without = leftOutObjects(config.valuesFrom, tree.objects);
      if (without.length > 0) warnings.push({ file: configFile, unit: name, error: withoutObjects(without) });
      if (chart.kind === 'folder') folders.add(inputs.chart);
      for (const { path } of inputs.valuesFiles) valuesFiles.add(path);
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      errors.push({ file: configFile, unit: name, error });
      refused.push(name);
    }
  }
  if (broken.length + refused.length > 0) for (const folder of await chartFolders(tree, pace)) folders.add(folder);
  const units = await withOwnFiles(found, named, tree, pace);
  const nodes = named.map(({ config: _, ...each }) => ({ ...each, renders: true }));
  const inFolder = coveredBy(folders);
  if (refused.length + broken.length === 0) warnings.push(...(await leftOut(tree, units, pace)));
  return { units, errors, warnings, refused, nodes, covers: (path) => valuesFiles.has(path) || inFolder(path) };
}

function withoutObjects(names: readonly string[]): FluxError {
  return new FluxError(
    `rendered without the values of ${fewOf(names, SHOWN)}, which only fluxd reads: push a branch, and see it by fluxctl diff --revision`,
    { code: VALUES_LEFT_OUT, fault: 'user' },
  );
}

/** @throws what is no FluxError */
function fluxError(error: unknown): FluxError {
  if (error instanceof FluxError) return error;
  throw error;
}

/** One warning about the files in folders of charts that look like manifests, and belong neither to the chart nor to its values. */
async function leftOut(tree: Tree, units: readonly HelmUnit[], pace: Pace): Promise<readonly FileProblem[]> {
  const read = new Set(
    units.flatMap(({ files, valuesFiles, patch }) =>
      [...files, ...valuesFiles, ...(patch ? [patch] : [])].map(({ path }) => path),
    ),
  );
  const names = new Set<string>();
  for (const { directory } of units) {
    for (const { path } of tree.below(directory)) {
      await pace.beforeName(path);
      const name = posix.basename(path);
      if (MANIFEST_NAME.test(name) && name !== CONFIG_NAME && !VALUES_NAME.test(name) && !read.has(path)) names.add(path);
    }
  }
  const [first] = names;
  if (first === undefined) return [];
  const error = new FluxError(`not applied, since they are in the folder of a chart: ${fewOf([...names], SHOWN)}`, {
    code: 'helm/left-out',
    fault: 'user',
    help: 'Move them out of the folder with the .flux.yaml, or into the templates of the chart.',
  });
  return [{ file: first, error }];
}

/** All folders with a chart, also those that Flux v1 reads as plain files. */
async function chartFolders(tree: Tree, pace: Pace): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const { path } of tree.files) {
    await pace.beforeName(path);
    if (path === 'Chart.yaml' || path.endsWith('/Chart.yaml')) folders.push(folderOf(path));
  }
  return folders;
}

import { posix } from 'node:path';
import type { TreeFile } from '../../repository/index.ts';
import { isDnsLabel, type LockedChart } from '../../resource/index.ts';
import { PATCH_FILE } from '../patch/patch-text.ts';
import { SUBMODULE } from '../resolve-link.ts';
import type { Pace } from '../units/pace.ts';
import type { Target } from '../units/target.ts';
import type { Tree } from '../units/tree.ts';
import { MAX_BYTES, Room } from './archive/room.ts';
import { followed } from './followed.ts';
import { type HelmConfig, MAX_RELEASE_NAME } from './helm-config.ts';
import { lockedFor } from './lock.ts';
import { refusedChart } from './refused.ts';
import { shortNameOf } from './remote-chart.ts';
import { type ValuesFromObject, valuesFromObject } from './values-from.ts';

/** What a chart is rendered from. */
export interface HelmInputs {
  /** The folder of the chart, relative to the root; of one from elsewhere, its name. */
  readonly chart: string;
  /** The files of the chart, in the order of the tree; in place of a link, the file that it leads to. None of one from elsewhere. */
  readonly files: readonly ChartFile[];
  /** The archive of a chart from elsewhere. */
  readonly archive?: LockedChart;
  /** The files of values, in the order in which they are given. */
  readonly valuesFiles: readonly ChartFile[];
  /** Values of objects in the cluster, in the order in which they are given. */
  readonly valuesFrom: readonly ValuesFromObject[];
  /** The file of patches of what Helm renders, if there is one. */
  readonly patch?: TreeFile;
}

/** A file of the repository in the place in which Helm finds it. */
export interface ChartFile {
  /** Relative to the root, as it is listed. */
  readonly path: string;
  readonly file: TreeFile;
}

/**
 * Finds all that a chart is rendered from.
 * @throws FluxError `helm/refused`, `helm/values-unknown`, or why a link is refused
 */
export async function helmInputs(
  tree: Tree,
  { directory, configFile }: Target,
  config: HelmConfig,
  pace: Pace,
): Promise<HelmInputs> {
  const { chart: source } = config;
  const chart =
    source.kind === 'folder'
      ? await chartIn(tree, placeOf(directory, source.path), pace)
      : { chart: shortNameOf(source), files: [], archive: await lockedFor(source, configFile, tree, pace) };
  let bytes = chart.files.reduce((sum, { file }) => sum + file.size, 0);
  const valuesFiles: ChartFile[] = [];
  for (const given of config.valuesFiles) {
    const path = placeOf(directory, given);
    await pace.beforeFollowing(path.length);
    const listed = tree.get(path);
    if (!listed) throw refusedChart(`the file of values ${path} does not exist`);
    const file = await followed(tree, listed);
    bytes += file.size;
    valuesFiles.push({ path, file });
  }
  const valuesFrom: ValuesFromObject[] = [];
  for (const reference of config.valuesFrom) {
    const found = valuesFromObject(reference, tree.objects);
    await pace.beforeName(found?.text ?? '');
    bytes += Buffer.byteLength(found?.text ?? '');
    if (found) valuesFrom.push(found);
  }
  if (bytes > MAX_BYTES) throw refusedChart(`its values have more than ${MAX_BYTES >> 20} MiB with the chart`);
  const patch = tree.get(posix.join(directory, PATCH_FILE));
  return { ...chart, valuesFiles, valuesFrom, ...(patch ? { patch } : {}) };
}

async function chartIn(tree: Tree, chart: string, pace: Pace): Promise<Pick<HelmInputs, 'chart' | 'files'>> {
  const files: ChartFile[] = [];
  const room = new Room(`the chart ${nameOf(chart)}`);
  for (const listed of tree.below(chart)) {
    await pace.beforeName(listed.path);
    if (listed.undecodable) throw refusedChart(`the chart ${nameOf(chart)} has a file whose name is not UTF-8`);
    // Helm does not read them, and Git has none of their files.
    if (listed.mode === SUBMODULE) continue;
    const file = await followed(tree, listed);
    room.take(file.size);
    files.push({ path: listed.path, file });
  }
  if (!files.some(({ path }) => path === posix.join(chart, 'Chart.yaml')))
    throw refusedChart(`${nameOf(chart)} has no Chart.yaml`);
  return { chart, files };
}

/** The release's name if the configuration has none. @throws FluxError `helm/refused` */
export function releaseNameOf(directory: string, { releaseName }: HelmConfig): string {
  const name = releaseName ?? posix.basename(directory);
  if (isDnsLabel(name) && name.length <= MAX_RELEASE_NAME) return name;
  throw refusedChart('the name of its folder cannot be that of a release; set releaseName');
}

/** @throws FluxError `helm/refused` if the path leaves the repository */
function placeOf(directory: string, path: string): string {
  const joined = posix.join(directory, path).replace(/\/+$/, '');
  if (joined === '..' || joined.startsWith('../')) throw refusedChart(`${path} is outside of the repository`);
  return joined === '.' ? '' : joined;
}

function nameOf(chart: string): string {
  return chart === '' ? 'of the root' : chart;
}

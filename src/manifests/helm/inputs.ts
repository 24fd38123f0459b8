import { posix } from 'node:path';
import { FluxError } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import { isDnsLabel } from '../../resource/index.ts';
import { PATCH_FILE } from '../patch/patch-text.ts';
import { isRegular } from '../regular-file.ts';
import { resolveLink, SUBMODULE, SYMLINK } from '../resolve-link.ts';
import type { Pace } from '../units/pace.ts';
import type { Tree } from '../units/tree.ts';
import { MAX_BYTES, MAX_FILES } from './archive/room.ts';
import { type HelmConfig, MAX_RELEASE_NAME } from './helm-config.ts';
import { refusedChart } from './refused.ts';

/** What a chart is rendered from. */
export interface HelmInputs {
  /** The folder of the chart, relative to the root. */
  readonly chart: string;
  /** The files of the chart, in the order of the tree; in place of a link, the file that it leads to. */
  readonly files: readonly ChartFile[];
  /** The files of values, in the order in which they are given. */
  readonly valuesFiles: readonly ChartFile[];
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
 * @throws FluxError `helm/refused`, or why a link is refused
 */
export async function helmInputs(tree: Tree, directory: string, config: HelmConfig, pace: Pace): Promise<HelmInputs> {
  const chart = placeOf(directory, config.chart);
  const files: ChartFile[] = [];
  let bytes = 0;
  for (const listed of tree.below(chart)) {
    await pace.beforeName(listed.path);
    if (listed.undecodable) throw refusedChart(`the chart ${nameOf(chart)} has a file whose name is not UTF-8`);
    // Helm does not read them, and Git has none of their files.
    if (listed.mode === SUBMODULE) continue;
    const file = await followed(tree, listed);
    bytes += file.size;
    files.push({ path: listed.path, file });
    if (files.length > MAX_FILES) throw refusedChart(`the chart ${nameOf(chart)} has more than ${MAX_FILES} files`);
    if (bytes > MAX_BYTES) throw refusedChart(`the chart ${nameOf(chart)} has more than ${MAX_BYTES >> 20} MiB`);
  }
  if (!files.some(({ path }) => path === posix.join(chart, 'Chart.yaml')))
    throw refusedChart(`${nameOf(chart)} has no Chart.yaml`);
  const valuesFiles: ChartFile[] = [];
  for (const given of config.valuesFiles) {
    const path = placeOf(directory, given);
    await pace.beforeFollowing(path.length);
    const listed = tree.get(path);
    if (!listed) throw refusedChart(`the file of values ${path} does not exist`);
    const file = await followed(tree, listed);
    bytes += file.size;
    if (bytes > MAX_BYTES) throw refusedChart(`its files of values have more than ${MAX_BYTES >> 20} MiB with the chart`);
    valuesFiles.push({ path, file });
  }
  const patch = tree.get(posix.join(directory, PATCH_FILE));
  return { chart, files, valuesFiles, ...(patch ? { patch } : {}) };
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

async function followed(tree: Tree, listed: TreeFile): Promise<TreeFile> {
  const found = listed.mode === SYMLINK ? await resolveLink(listed, tree, async (link) => `${await tree.read(link)}`) : listed;
  if (found instanceof FluxError) throw found;
  if (!isRegular(found)) throw refusedChart(`${listed.path} is not a regular file`);
  return found;
}

function nameOf(chart: string): string {
  return chart === '' ? 'of the root' : chart;
}

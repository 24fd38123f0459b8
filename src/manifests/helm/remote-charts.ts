import type { Cancellable } from '../../base/index.ts';
import type { LockedChart } from '../../resource/index.ts';
import type { FileProblem } from '../problem.ts';
import { namedCharts } from '../units/divide.ts';
import type { Tree } from '../units/tree.ts';
import type { WantedChart } from './helm-config.ts';
import { lockFileOf, parseLock } from './lock.ts';

/** A config file that names a chart from elsewhere, and the lock beside it. */
export interface NamedRemoteChart {
  readonly configFile: string;
  readonly lockFile: string;
  readonly wanted: WantedChart;
  /** What the lock says, if there is one that can be read. */
  readonly locked?: LockedChart;
}

/**
 * The charts from elsewhere that config files name, each once, and the config files that cannot be read.
 * @throws FluxError `generation/path-missing`
 */
export async function remoteCharts(
  tree: Tree,
  paths: readonly string[],
  cancel: Cancellable,
): Promise<{ readonly charts: readonly NamedRemoteChart[]; readonly errors: readonly FileProblem[] }> {
  const { charts, errors } = await namedCharts(tree, paths, cancel);
  const named = new Map<string, NamedRemoteChart>();
  for (const { configFile, config } of charts) {
    if (config.chart.kind === 'folder') continue;
    const lockFile = lockFileOf(configFile);
    const file = tree.get(lockFile);
    const locked = file && parseLock((await tree.read(file)).toString('utf8'));
    named.set(configFile, { configFile, lockFile, wanted: config.chart, ...(locked ? { locked } : {}) });
  }
  return { charts: [...named.values()], errors };
}

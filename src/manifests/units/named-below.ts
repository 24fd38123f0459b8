import { posix } from 'node:path';
import { FluxError, folderOf } from '../../base/index.ts';
import type { NamedChart } from '../helm/helm-units.ts';
import type { FileProblem } from '../problem.ts';
import { isRegular } from '../regular-file.ts';
import type { DependsOn } from './depends-on.ts';
import type { Pace } from './pace.ts';
import { CONFIG_NAME, readConfig, targetOf } from './target.ts';
import type { Tree } from './tree.ts';

/** What `.flux.yaml` files in folders of plain files name. */
export interface NamedBelow {
  /** Folders that kustomize builds, and what each depends on. */
  readonly kustomize: ReadonlyMap<string, readonly DependsOn[]>;
  readonly charts: readonly NamedChart[];
  readonly broken: readonly (FileProblem & { readonly unit: string })[];
}

export const NONE_BELOW: NamedBelow = { kustomize: new Map(), charts: [], broken: [] };

/**
 * Finds folders with a `.flux.yaml` that names kustomize, or a chart. What else such a file says counts only for a path to sync, as in
 * Flux v1; but one that is wrong and may name these must not turn the folder into plain files.
 */
export async function namedBelow(tree: Tree, includes: (path: string) => boolean, pace: Pace): Promise<NamedBelow> {
  const kustomize = new Map<string, readonly DependsOn[]>();
  const charts: NamedChart[] = [];
  const broken: (FileProblem & { readonly unit: string })[] = [];
  for (const file of tree.files) {
    const { path, undecodable } = file;
    await pace.beforeName(path);
    if (undecodable || posix.basename(path) !== CONFIG_NAME || !includes(path)) continue;
    await pace.beforeParsing(file.size);
    try {
      const { way, dependsOn } = await readConfig(tree, path);
      if (way.kind === 'kustomize') kustomize.set(folderOf(path), dependsOn);
      if (way.kind === 'helm') charts.push({ ...targetOf(folderOf(path), path), config: way.config, dependsOn });
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      if (!isRegular(file) || /kustomize|helm/.test((await tree.read(file)).toString('latin1')))
        broken.push({ file: path, unit: path, error });
    }
  }
  return { kustomize, charts, broken };
}

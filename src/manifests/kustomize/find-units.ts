import { FluxError } from '../../base/index.ts';
import { isRegular } from '../regular-file.ts';
import type { Pace } from '../units/pace.ts';
import type { Tree } from '../units/tree.ts';
import { followPath } from './follow-path.ts';
import { type Kustomizations, kustomizationFolder } from './kustomizations.ts';
import { possiblePaths } from './possible-paths.ts';
import { refusedKustomization } from './refused.ts';

/** Folders with a kustomization, as far as they are of interest here. */
export interface KustomizationFolders {
  /** Those that no other kustomization refers to, by path. */
  readonly roots: readonly string[];
  /** Those of components that no kustomization includes. */
  readonly unused: readonly string[];
  /** All, those that are referred to included. */
  readonly all: ReadonlySet<string>;
}

/** Of all kustomizations together, from one folder to another. */
const MAX_REFERENCES = 1_000_000;

/**
 * Finds the folders to build among those that `includes` accepts. What a kustomization refers to is not built for itself: it would lack
 * its namespace and patches. So a folder counts as referred to also if a kustomization that cannot be read may name it.
 * @throws FluxError `kustomize/refused` if there are too many references
 */
export async function findKustomizationFolders(
  tree: Tree,
  includes: (folder: string) => boolean,
  kustomizations: Kustomizations,
  pace: Pace,
): Promise<KustomizationFolders> {
  const folders = new Set<string>();
  for (const { path, undecodable } of tree.files) {
    await pace.beforeName(path);
    const folder = undecodable ? undefined : kustomizationFolder(path);
    if (folder !== undefined && includes(folder)) folders.add(folder);
  }
  const unused = new Set<string>();
  const references = new Map<string, ReadonlySet<string>>();
  const referred = new Set<string>();
  const waiting = [...folders];
  let count = 0;
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (references.has(folder)) continue;
    const { kind, to } = await referredFrom(tree, folder, kustomizations, pace);
    count += to.size;
    if (count > MAX_REFERENCES)
      throw refusedKustomization(`kustomizations refer to one another in more than ${MAX_REFERENCES} ways`);
    if (kind === 'Component') unused.add(folder);
    references.set(folder, to);
    for (const each of to) {
      referred.add(each);
      waiting.push(each);
    }
  }
  const roots = [...folders].filter((folder) => !referred.has(folder));
  const reached = new Set<string>();
  await reach(roots, references, reached, pace);
  // Those of a cycle refer to one another. The first stands for it, so that the cycle is named.
  for (const folder of folders) {
    if (reached.has(folder)) continue;
    roots.push(folder);
    await reach([folder], references, reached, pace);
  }
  return {
    roots: roots.filter((folder) => !unused.has(folder)).sort(),
    unused: roots.filter((folder) => unused.has(folder)).sort(),
    all: new Set([...folders, ...referred]),
  };
}

async function referredFrom(tree: Tree, folder: string, kustomizations: Kustomizations, pace: Pace) {
  const to = new Set<string>();
  const tried = new Set<string>();
  const add = async (path: string) => {
    if (tried.has(path)) return;
    tried.add(path);
    await pace.beforeFollowing(folder.length + path.length);
    const followed = await followPath(tree, folder, path);
    if (followed && kustomizations.isAt(tree, followed.path) && followed.path !== folder) to.add(followed.path);
  };
  try {
    const { kustomization } = await kustomizations.at(tree, folder, pace);
    for (const reference of kustomization.references)
      if (reference.to !== 'file' && reference.to !== 'perhaps') await add(reference.path);
    return { kind: kustomization.kind, to };
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    for (const named of kustomizations.filesAt(tree, folder)) {
      const followed = await followPath(tree, '', named.path);
      const file = followed && tree.get(followed.path);
      if (!file || !isRegular(file)) continue;
      for await (const path of possiblePaths(await tree.read(file), pace)) await add(path);
    }
    return { kind: 'Kustomization' as const, to };
  }
}

/** References that are followed in the time of a step. */
const REFERENCES_PER_STEP = 20;

/** Adds to those that are reached what can be reached from some folders; what was reached before is not looked at again. */
async function reach(
  from: readonly string[],
  references: ReadonlyMap<string, ReadonlySet<string>>,
  reached: Set<string>,
  pace: Pace,
): Promise<void> {
  const waiting = [...from];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (reached.has(folder)) continue;
    reached.add(folder);
    const to = references.get(folder) ?? new Set();
    await pace.before(1 + to.size / REFERENCES_PER_STEP);
    for (const each of to) if (!reached.has(each)) waiting.push(each);
  }
}

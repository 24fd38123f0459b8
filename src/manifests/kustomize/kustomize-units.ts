import { posix } from 'node:path';
import { type Cancellable, FluxError, fewOf, folderOf } from '../../base/index.ts';
import { chartDirectories, isInChart, MANIFEST_NAME } from '../plain/select-files.ts';
import type { FileProblem } from '../problem.ts';
import { coveredBy } from '../units/covered.ts';
import type { Node } from '../units/dependencies.ts';
import { DEPENDS_ON_ANNOTATION, type DependsOn, parseDependsOn } from '../units/depends-on.ts';
import type { FoundUnits } from '../units/found-units.ts';
import type { NamedBelow } from '../units/named-below.ts';
import { Pace } from '../units/pace.ts';
import { CONFIG_NAME } from '../units/target.ts';
import type { Tree } from '../units/tree.ts';
import type { KustomizeUnit } from '../units/unit.ts';
import { findKustomizationFolders } from './find-units.ts';
import { kustomizeInputs } from './inputs.ts';
import { type Kustomizations, kustomizationFolder } from './kustomizations.ts';
import { refusedKustomization } from './refused.ts';

export interface KustomizeUnitsOptions {
  /** Folders that are built even if another kustomization refers to them, and what each depends on. */
  readonly named: ReadonlyMap<string, readonly DependsOn[]>;
  /** Whether folders with a path are looked for. */
  readonly includes: (path: string) => boolean;
  /** What `.flux.yaml` files in such folders name. */
  readonly below: NamedBelow;
  /** Whether kustomizations that nothing refers to are built. */
  readonly auto: boolean;
  readonly kustomizations: Kustomizations;
}

type KustomizeUnits = FoundUnits<KustomizeUnit>;

/** Paths that all units together may follow: each unit has a list of its files. */
const MAX_REFERENCES = 1_000_000;

/** Finds the folders that kustomize builds, and all that each is built from. One that is wrong affects no other. */
export async function kustomizeUnits(tree: Tree, options: KustomizeUnitsOptions, cancel: Cancellable): Promise<KustomizeUnits> {
  const { named, includes, below, auto, kustomizations } = options;
  const pace = new Pace(cancel.signal);
  const wanted = new Map([...named, ...below.kustomize]);
  const none = { roots: [], unused: [], all: new Set<string>() };
  const inChart = isInChart(auto ? await chartDirectories(tree.files, cancel.signal) : new Set());
  const isWanted = (folder: string) => includes(folder) && !inChart(posix.join(folder, 'kustomization.yaml'));
  const found = auto ? await findKustomizationFolders(tree, isWanted, kustomizations, pace) : none;
  const units: KustomizeUnit[] = [];
  const errors: FileProblem[] = [];
  const refused: string[] = [];
  const folders = new Set([...found.all, ...wanted.keys(), ...below.broken.map(({ file }) => folderOf(file))]);
  const nodes: Node[] = [];
  let references = 0;
  for (const directory of new Set([...wanted.keys(), ...found.roots])) {
    await pace.beforeFollowing(directory.length);
    const configFile = kustomizations.filesAt(tree, directory)[0]?.path ?? posix.join(directory, 'kustomization.yaml');
    try {
      if (references > MAX_REFERENCES) throw refusedKustomization(`those before it read more than ${MAX_REFERENCES} files`);
      const inputs = await kustomizeInputs(tree, directory, kustomizations, pace);
      references += inputs.references;
      for (const folder of inputs.folders) folders.add(folder);
      const { kustomization } = await kustomizations.at(tree, directory, pace);
      const annotation = kustomization.annotations[DEPENDS_ON_ANNOTATION];
      const dependsOn = [...(wanted.get(directory) ?? []), ...(annotation === undefined ? [] : parseDependsOn(annotation))];
      const { files, asWritten } = inputs;
      units.push({ renderer: 'kustomize', name: configFile, directory, configFile, files, asWritten });
      nodes.push(nodeOf(configFile, dependsOn));
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      errors.push({ file: configFile, unit: configFile, error });
      refused.push(configFile);
      nodes.push(nodeOf(configFile, []));
    }
  }
  const covers = coveredBy(folders);
  const warnings = [...found.unused.map((folder) => unusedComponent(kustomizations.filesAt(tree, folder)[0]?.path ?? folder))];
  if (refused.length + below.broken.length === 0) warnings.push(...(await leftOut(tree, { includes, covers, units }, pace)));
  return { units, errors, warnings, refused, nodes, covers };
}

function nodeOf(configFile: string, dependsOn: readonly DependsOn[]): Node {
  return { name: configFile, directory: folderOf(configFile), configFile, renders: true, dependsOn };
}

/** One warning about the files that look like manifests, and that no kustomization around them refers to. */
async function leftOut(
  tree: Tree,
  { includes, covers, units }: Pick<KustomizeUnits, 'covers' | 'units'> & Pick<KustomizeUnitsOptions, 'includes'>,
  pace: Pace,
): Promise<readonly FileProblem[]> {
  const read = new Set<string>();
  for (const { files } of units) {
    await pace.before(files.length / 10);
    for (const { path } of files) read.add(path);
  }
  const names: string[] = [];
  for (const { path } of tree.files) {
    await pace.beforeName(path);
    if (!MANIFEST_NAME.test(path) || read.has(path) || posix.basename(path) === CONFIG_NAME) continue;
    if (kustomizationFolder(path) !== undefined || !includes(path) || !covers(path)) continue;
    names.push(path);
  }
  const [first] = names;
  if (first === undefined) return [];
  const error = new FluxError(`not applied, since no kustomization refers to them: ${fewOf(names, SHOWN)}`, {
    code: 'kustomize/left-out',
    fault: 'user',
    help: 'Add them to the resources of the kustomization, or move them out of its folder.',
  });
  return [{ file: first, error }];
}

const SHOWN = 5;

function unusedComponent(file: string): FileProblem {
  return {
    file,
    error: new FluxError('this component is not applied, since no kustomization includes it', {
      code: 'kustomize/unused-component',
      fault: 'user',
      help: 'Include it by `components` of a kustomization, or remove it.',
    }),
  };
}

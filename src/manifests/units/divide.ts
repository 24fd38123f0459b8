import { posix } from 'node:path';
import { below, type Cancellable, FluxError, folderOf, plainPath, yieldTurn } from '../../base/index.ts';
import type { Dependent } from '../../resource/index.ts';
import type { Capabilities } from '../helm/helm-program.ts';
import { helmUnits, type NamedChart } from '../helm/helm-units.ts';
import { refusedChart } from '../helm/refused.ts';
import { Kustomizations, kustomizationFolder } from '../kustomize/kustomizations.ts';
import { kustomizeUnits } from '../kustomize/kustomize-units.ts';
import type { FileProblem } from '../problem.ts';
import { type Node, orderOf } from './dependencies.ts';
import type { DependsOn } from './depends-on.ts';
import { foldersWithFiles } from './folders-with-files.ts';
import type { FoundUnits } from './found-units.ts';
import { type NamedBelow, NONE_BELOW, namedBelow } from './named-below.ts';
import { Pace } from './pace.ts';
import { CONFIG_NAME, findTarget, readConfig, type Target } from './target.ts';
import type { Tree } from './tree.ts';
import type { RenderedUnit, Unit } from './unit.ts';

/** What counts in a repository beside plain files. */
export interface DivideOptions extends Cancellable {
  /** Whether a `.flux.yaml` counts. */
  readonly configFiles: boolean;
  /** `auto`: whether each folder with a kustomization is built that no other refers to. */
  readonly kustomize?: { readonly auto: boolean; readonly kustomizations: Kustomizations };
  /** Of charts, which are refused without it. */
  readonly capabilities?: Capabilities;
}

/** A revision in units, and what is wrong with the rest. */
export interface Division {
  readonly units: readonly Unit[];
  readonly errors: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
  /** Names of the units whose configuration is wrong, or that depend on what cannot come first. */
  readonly refused: readonly string[];
  /** What is applied after others. */
  readonly dependents: readonly Dependent[];
  /** Whether the same revision may render differently later, since charts know what the cluster serves. */
  readonly unsettled: boolean;
}

/**
 * Divides a revision by the `.flux.yaml` files that Flux v1 finds: for each path to sync, the one in that folder, or in the nearest folder
 * above it. In paths without one, folders with a kustomization are built where that is switched on, charts are rendered for the folders
 * that name one, and all else is plain files. What is wrong, or names dependencies that cannot come first, makes an error of its unit,
 * and affects no other.
 * @throws FluxError `generation/path-missing`, since an empty path would mean to delete everything
 */
export async function divide(tree: Tree, paths: readonly string[], options: DivideOptions): Promise<Division> {
  const targets = await readTargets(tree, paths, options);
  const inPlain = isInOneOf(targets.plain);
  const { kustomize, configFiles, capabilities = noCharts, ...cancel } = options;
  const below = configFiles ? await namedBelow(tree, inPlain, new Pace(cancel.signal)) : NONE_BELOW;
  const named = [...targets.charts, ...below.charts];
  const broken = [...targets.unreadable.map(({ directory }) => directory), ...below.broken.map(({ file }) => folderOf(file))];
  const found: readonly FoundUnits[] = [
    unreadable(below.broken),
    ...(kustomize ? [await kustomizeUnits(tree, { named: targets.built, includes: inPlain, below, ...kustomize }, cancel)] : []),
    await helmUnits(tree, named, { broken, capabilities, ...cancel }),
  ];
  const isOfUnit = (path: string) => found.some(({ covers }) => covers(path));
  const isPlain = (path: string) => posix.basename(path) !== CONFIG_NAME && inPlain(path) && !isOfUnit(path);
  const withFiles = (folders: readonly string[]) => foldersWithFiles(folders, tree.files, isPlain, new Pace(cancel.signal));
  const units = [...targets.units, ...found.flatMap((each) => each.units)];
  const inside = found.flatMap((each) => each.nodes.map((node) => withInherited(node, targets.nodes)));
  const nodes = [...targets.nodes, ...inside];
  const order = await orderOf(nodes, withFiles, cancel);
  const barred = new Set(order.errors.map(({ unit }) => unit));
  const inBarred = isInOneOf(nodes.flatMap(({ name, directory, renders }) => (!renders && barred.has(name) ? directory : [])));
  const includes = (path: string) => isPlain(path) && !inBarred(path);
  return {
    units: [
      ...(targets.plain.length === 0 ? [] : [{ renderer: 'plain', includes } as const]),
      ...units.filter(({ name }) => !barred.has(name)),
    ],
    errors: [...targets.errors, ...found.flatMap(({ errors }) => errors), ...order.errors],
    warnings: found.flatMap(({ warnings }) => warnings),
    refused: [
      ...[...targets.unreadable.map(({ name }) => name), ...found.flatMap(({ refused }) => refused)],
      ...units.flatMap(({ name }) => (barred.has(name) ? name : [])),
    ],
    dependents: order.dependents,
    unsettled: named.length > 0,
  };
}

/**
 * The charts that config files name, of paths to sync and below, and what is wrong with others.
 * @throws FluxError `generation/path-missing`
 */
export async function namedCharts(
  tree: Tree,
  paths: readonly string[],
  cancel: Cancellable,
): Promise<{ readonly charts: readonly NamedChart[]; readonly errors: readonly FileProblem[] }> {
  // They may name kustomize, too.
  const kustomize = { auto: false, kustomizations: new Kustomizations() };
  const targets = await readTargets(tree, paths, { configFiles: true, kustomize, ...cancel });
  const below = await namedBelow(tree, isInOneOf(targets.plain), new Pace(cancel.signal));
  return { charts: [...targets.charts, ...below.charts], errors: [...targets.errors, ...below.broken] };
}

/** What the config files of the paths to sync say. */
interface Targets {
  /** Folders and files of plain files. */
  readonly plain: readonly string[];
  readonly units: readonly RenderedUnit[];
  /** Folders that kustomize builds, and what they depend on. */
  readonly built: ReadonlyMap<string, readonly DependsOn[]>;
  readonly charts: readonly NamedChart[];
  readonly nodes: readonly Node[];
  readonly errors: readonly FileProblem[];
  readonly unreadable: readonly Target[];
}

async function readTargets(
  tree: Tree,
  paths: readonly string[],
  { configFiles, kustomize, signal }: DivideOptions,
): Promise<Targets> {
  const plain: string[] = [];
  const found = new Map<string, Target>();
  const built = new Map<string, readonly DependsOn[]>();
  for (const path of paths.length === 0 ? [''] : paths.map(plainPath)) {
    await yieldTurn(signal);
    requirePath(tree, path);
    const target = configFiles ? findTarget(tree, path) : undefined;
    const named = kustomize?.auto && tree.get(path) ? kustomizationFolder(path) : undefined;
    if (named !== undefined) built.set(named, []);
    else if (target === undefined) plain.push(path);
    else found.set(target.name, target);
  }
  const charts: NamedChart[] = [];
  const units: RenderedUnit[] = [];
  const nodes: Node[] = [];
  const errors: FileProblem[] = [];
  const unreadable: Target[] = [];
  for (const each of found.values()) {
    signal?.throwIfAborted();
    try {
      const { way, dependsOn } = await readConfig(tree, each.configFile);
      if (way.kind === 'kustomize') {
        if (!kustomize) throw new Error('a config file names kustomize, which is not there');
        built.set(each.directory, dependsOn);
        continue;
      }
      if (way.kind === 'helm') {
        charts.push({ ...each, config: way.config, dependsOn });
        continue;
      }
      const renders = way.kind !== 'scanForFiles';
      if (renders) units.push({ renderer: 'commands', ...each, config: way });
      else plain.push(each.directory);
      nodes.push({ ...each, renders, dependsOn });
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      errors.push({ file: each.configFile, unit: each.name, error });
      unreadable.push(each);
      nodes.push({ ...each, renders: true, dependsOn: [] });
    }
  }
  return { plain, units, built, charts, nodes, errors, unreadable };
}

/** Folders with a config file that cannot be read, and may name what renders them. */
function unreadable(broken: NamedBelow['broken']): FoundUnits {
  const nodes = broken.map(({ file }) => ({
    ...{ name: file, directory: folderOf(file), configFile: file },
    ...{ renders: true, dependsOn: [] },
  }));
  return { units: [], errors: broken, warnings: [], refused: broken.map(({ file }) => file), nodes, covers: () => false };
}

/** Refuses charts where nothing renders them. */
async function noCharts(): Promise<never> {
  throw refusedChart('charts are not rendered here');
}

/** What a folder of plain files depends on counts for the units in it, too. */
function withInherited(node: Node, around: readonly Node[]): Node {
  const inherited = around.filter(({ renders, directory }) => !renders && below(directory)(node.directory));
  return { ...node, dependsOn: [...node.dependsOn, ...inherited.flatMap(({ dependsOn }) => dependsOn)] };
}

function requirePath(tree: Tree, path: string): void {
  const isIn = below(path);
  if (tree.get(path) || tree.files.some((file) => isIn(file.path))) return;
  throw new FluxError(`path "${path}" does not exist in this revision`, {
    code: 'generation/path-missing',
    fault: 'user',
    help: 'Correct --git-path, or restore the directory; until then nothing is applied or deleted.',
  });
}

function isInOneOf(folders: readonly string[]): (path: string) => boolean {
  const inFolders = folders.map(below);
  return (path) => inFolders.some((isIn) => isIn(path));
}

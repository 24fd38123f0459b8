import { posix } from 'node:path';
import { type Cancellable, type Clock, type Logger, silentLogger, systemClock } from '../base/index.ts';
import type { FileText, TreeFile } from '../repository/index.ts';
import { type DesiredState, isRendered, type Manifest } from '../resource/index.ts';
import { checkedEdits, readable } from './decryption/checked-edits.ts';
import { ClearFiles } from './decryption/clear-files.ts';
import type { Decrypter, HiddenFiles } from './decryption/decrypter.ts';
import type { FileChange } from './file-change.ts';
import { createCommandRenderer } from './generation/command-renderer.ts';
import type { CommandRunner } from './generation/command-runner.ts';
import { type Revealed, refuseEdit, reveal } from './git-secret/reveal.ts';
import type { Helm } from './helm/helm-program.ts';
import { createHelmRenderer } from './helm/helm-renderer.ts';
import { type NamedRemoteChart, remoteCharts } from './helm/remote-charts.ts';
import { Kustomizations } from './kustomize/kustomizations.ts';
import type { Kustomize } from './kustomize/kustomize-program.ts';
import { createKustomizeRenderer } from './kustomize/kustomize-renderer.ts';
import { ManifestThread } from './manifest-thread.ts';
import { MemoryBudget } from './memory-budget.ts';
import type { ObjectChange } from './object-change.ts';
import { createPlainRenderer } from './plain/plain-renderer.ts';
import type { ValueObjects } from './substitution/value-objects.ts';
import { variablesIn } from './substitution/variables.ts';
import { objectKey } from './units/object-key.ts';
import { noUnit, TreeRendering } from './units/render-tree.ts';
import { Renderings } from './units/renderings.ts';
import { SpilledRenderings } from './units/spilled-renderings.ts';
import { listingOf, Tree, type TreeOptions } from './units/tree.ts';
import { ALL_FILES, type PlainUnit } from './units/unit.ts';

/** Reads and edits the manifests of a repository. */
export interface Manifests {
  /** Whether reading a revision runs commands of the repository, so that it must be an accepted one. */
  readonly runsCommands: boolean;
  /**
   * Reads the manifests among the files, in the order of the files; then those that units render. An invalid file, document, object or
   * unit is reported in `errors` and does not affect others; throws only if a blob cannot be read or the signal aborts. With `keep` false
   * nothing is added to the cache; with `asFiles` nothing is run or decrypted, and all are read as they are. If all manifests are unchanged since the
   * last kept revision, `manifests` is the identical array, which callers can detect.
   */
  read(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: Cancellable & { readonly keep?: boolean; readonly asFiles?: boolean },
  ): Promise<DesiredState>;
  /**
   * The objects of those files of a revision that are wanted, as they are written: nothing is run, decrypted or substituted, and nothing
   * is kept. Files that units are rendered from have none.
   * @throws as `read` does, or as `divide`
   */
  readWritten(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options: Cancellable & { readonly wanted: (file: TreeFile) => boolean },
  ): Promise<Pick<DesiredState, 'manifests' | 'errors'>>;
  /** Reads files that are no revision, without the cache and its memory limit. All are read as they are: nothing is run. */
  readTexts(files: readonly FileText[], options?: Cancellable): Promise<DesiredState>;
  /**
   * The files with new text after a change of objects that are written in a file; empty if their text has it already.
   * @throws FluxError if the change cannot be made without affecting another place, or if `read` does
   */
  edit(
    file: string,
    change: FileChange,
    read: (path: string) => Promise<string>,
    options?: Cancellable,
  ): Promise<readonly FileText[]>;
  /**
   * The files with new text after changes of objects that a unit renders. What comes of it is shown by `readEdited`.
   * @throws FluxError if its sources cannot be edited so, or `generation/no-unit`
   */
  editUnit(
    unit: string,
    changes: readonly ObjectChange[],
    revision: EditedRevision,
    options?: Cancellable,
  ): Promise<readonly FileText[]>;
  /**
   * The file of the repository that a rendered object comes from, if its renderer can be asked. It renders the unit once more.
   * @throws FluxError if the unit cannot be rendered, or `generation/no-unit`
   */
  originOf(
    manifest: Manifest,
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: Cancellable,
  ): Promise<string | undefined>;
  /** The charts from elsewhere that config files name, of the paths to sync. @throws FluxError `generation/path-missing` */
  remoteCharts(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: Cancellable,
  ): Promise<{ readonly charts: readonly NamedRemoteChart[]; readonly errors: DesiredState['errors'] }>;
  /** Reads a revision with its edits, as `read` does. What its units render is kept, since a commit of the edits comes next. */
  readEdited(revision: EditedRevision, options?: Cancellable): Promise<DesiredState>;
}

/** A revision with edits that are not committed yet. */
export interface EditedRevision {
  readonly files: readonly TreeFile[];
  readonly blob: (id: string) => Promise<Buffer>;
  readonly edits: readonly FileText[];
}

/** How units with a `.flux.yaml` are rendered. */
export interface Generation {
  readonly runner: CommandRunner;
  /** The variables that commands may see. */
  readonly environment: Readonly<Record<string, string>>;
  /** The longest that a command may run, in milliseconds. */
  readonly timeoutMs: number;
}

export interface ManifestsOptions {
  readonly log?: Logger;
  /** Heap limit for all manifests of a revision in bytes; files beyond it are refused. Unlimited by default. */
  readonly maxBytes?: number;
  /** The thread that reads and edits long files; created on demand by default. */
  readonly thread?: ManifestThread;
  /** Clock for retrying what failed; the system's by default. */
  readonly clock?: Pick<Clock, 'monotonic'>;
  /** The paths to sync, relative to the root; none means all. They count only where units are rendered. */
  readonly paths?: readonly string[];
  /** Of this alone: for renderings for which there is no room in memory. Without it, these are rendered again. */
  readonly directory?: string;
  /** Without it, no `.flux.yaml` counts. */
  readonly generation?: Generation;
  /** Without it, nothing is built by kustomize. */
  readonly kustomize?: Kustomize;
  /** Without it, a `.flux.yaml` that names a chart is refused. */
  readonly helm?: Helm;
  /** Without it, what sops encrypted is refused. */
  readonly decrypter?: Decrypter;
  /** Without it, files that git-secret hides are not read. */
  readonly hiddenFiles?: HiddenFiles;
  /** Reads the objects that have values of variables and charts, for each revision. Without it, no manifest has any. */
  readonly valueObjects?: (cancel: Cancellable) => Promise<ValueObjects>;
}

/** Divides a revision into units, and hands each to its renderer. */
export function createManifests({
  log = silentLogger(),
  maxBytes = Number.POSITIVE_INFINITY,
  thread = new ManifestThread(),
  clock = systemClock,
  paths = [],
  directory,
  generation,
  kustomize,
  helm,
  decrypter,
  hiddenFiles,
  valueObjects,
}: ManifestsOptions = {}): Manifests {
  const clearFiles = decrypter || hiddenFiles ? new ClearFiles({ decrypter, hiddenFiles }, clock) : undefined;
  const plain = createPlainRenderer({ log, thread, clock, clearFiles });
  // Files that a client sends are not decrypted for it.
  const given = clearFiles ? createPlainRenderer({ log, thread, clock }) : plain;
  const renderings = new Renderings(clock, directory === undefined ? undefined : new SpilledRenderings(directory, log));
  const kustomizations = new Kustomizations();
  const trees =
    generation || kustomize || hiddenFiles
      ? new TreeRendering(paths, {
          plain,
          ...(generation ? { commands: createCommandRenderer({ ...generation, thread, clock }) } : {}),
          ...(kustomize ? { kustomize: createKustomizeRenderer({ ...kustomize, thread, kustomizations, clearFiles }) } : {}),
          ...(helm ? { helm: createHelmRenderer({ ...helm, thread, clearFiles }), capabilities: helm.capabilities } : {}),
          kustomizeAuto: kustomize?.auto ?? false,
          kustomizations,
        })
      : undefined;
  let lastManifests: readonly Manifest[] = [];
  /** Files that git-secret hides in the last kept revision, or in one that was read since. */
  let hidden: ReadonlySet<string> = new Set();
  const treeOptions = async (cancel: Cancellable): Promise<TreeOptions> => {
    const objects = await valueObjects?.(cancel);
    return { ...cancel, objects, variables: objects && variablesIn(objects) };
  };

  return {
    runsCommands: generation !== undefined,
    async read(files, blob, { keep = true, asFiles = false, ...cancel } = {}) {
      cancel.signal?.throwIfAborted();
      const options = { ...cancel, keep, budget: new MemoryBudget(maxBytes) };
      const reading = await treeOptions(cancel);
      if (!trees || asFiles) {
        const tree = { files, read: (file: TreeFile) => blob(file.blob), variables: reading.variables };
        const state = await (asFiles ? given : plain).render(ALL_FILES, tree, options);
        return keep ? kept(state) : state;
      }
      const revision = renderings.revision();
      const { tree, errors } = await revealed(await Tree.of(files, blob, reading), cancel, keep);
      const state = withErrors(await trees.render(tree, revision, options), errors);
      if (!keep) return state;
      revision.keep();
      return kept(state);
    },
    async readWritten(files, blob, { wanted, ...cancel }) {
      const tree = await Tree.of(files, blob, cancel);
      const includes = trees ? await trees.plainOf(tree, cancel) : ALL_FILES.includes;
      const unit: PlainUnit = {
        renderer: 'plain',
        includes: (path) => {
          const file = tree.get(path);
          return file !== undefined && wanted(file) && includes(path);
        },
      };
      return given.render(unit, tree, { ...cancel, keep: false, budget: new MemoryBudget(maxBytes) });
    },
    async readTexts(files, cancel = {}) {
      const { files: listed, blob } = listingOf(files);
      const { variables } = await treeOptions(cancel);
      const apart = createPlainRenderer({ log: silentLogger(), thread, clock, clearFiles });
      const budget = new MemoryBudget(Number.POSITIVE_INFINITY);
      const tree = { files: listed, read: (file: TreeFile) => blob(file.blob), variables };
      return apart.render(ALL_FILES, tree, { ...cancel, keep: false, budget });
    },
    async edit(file, change, read, { signal } = {}) {
      if (hidden.has(file)) refuseEdit(file);
      const text = await read(file);
      const content = await thread.change(text, change, signal);
      return content === text ? [] : [await readable({ path: file, content }, clearFiles, signal ? { signal } : {})];
    },
    async editUnit(name, changes, revision, cancel = {}) {
      // Without variables: what they stand for is of the cluster, and no part of any source.
      const { variables: _, ...options } = await treeOptions(cancel);
      const { tree } = await revealed(await editedTree(revision, options), cancel);
      const unit = await find(name, tree, cancel);
      const edits = await unit.renderer.edit(unit.unit, changes, tree, cancel);
      for (const { path } of edits) if (tree.get(path)?.hidden) refuseEdit(path);
      return checkedEdits(edits, changes, tree, { thread, clearFiles }, cancel);
    },
    async originOf({ object, place }, files, blob, cancel = {}) {
      if (!isRendered(place)) return undefined;
      const { tree } = await revealed(await Tree.of(files, blob, await treeOptions(cancel)), cancel);
      const { unit, renderer } = await find(place.unit, tree, cancel);
      const origin = (await renderer.originsOf?.(unit, tree, cancel))?.get(objectKey(object));
      return origin === undefined ? undefined : posix.join(unit.directory, origin);
    },
    remoteCharts: async (files, blob, cancel = {}) => remoteCharts(await Tree.of(files, blob, cancel), paths, cancel),
    async readEdited(revision, cancel = {}) {
      const { tree, errors } = await revealed(await editedTree(revision, await treeOptions(cancel)), cancel);
      // The cache of plain files is for the last revision that was read.
      const options = { ...cancel, keep: false, budget: new MemoryBudget(maxBytes) };
      const state = trees ? trees.render(tree, renderings.revision(), options) : plain.render(ALL_FILES, tree, options);
      return withErrors(await state, errors);
    },
  };

  async function revealed(tree: Tree, cancel: Cancellable, keep = false): Promise<Revealed> {
    if (!hiddenFiles) return { tree, paths: [], errors: [] };
    const revealed = await reveal(tree, cancel);
    hidden = new Set([...(keep ? [] : hidden), ...revealed.paths]);
    return revealed;
  }

  /** The identical list of manifests, if nothing has changed. */
  function kept(state: DesiredState): DesiredState {
    if (!isSame(state.manifests, lastManifests)) lastManifests = state.manifests;
    return { ...state, manifests: lastManifests, ...(valueObjects ? { unsettled: true } : {}) };
  }

  async function find(name: string, tree: Tree, cancel: Cancellable) {
    if (!trees) return noUnit(name);
    const unit = await trees.find(name, tree, cancel);
    return { unit, renderer: trees.rendererOf(unit) };
  }
}

function withErrors(state: DesiredState, errors: DesiredState['errors']): DesiredState {
  return errors.length === 0 ? state : { ...state, errors: [...errors, ...state.errors] };
}

async function editedTree({ files, blob, edits }: EditedRevision, options: TreeOptions): Promise<Tree> {
  const tree = await Tree.of(files, blob, options);
  return tree.with(edits, options);
}

function isSame(some: readonly Manifest[], others: readonly Manifest[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}

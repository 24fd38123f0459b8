import { below, FluxError } from '../../base/index.ts';
import { faultOfLength, type TreeFile } from '../../repository/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import { isRegular } from '../regular-file.ts';
import { SUBMODULE } from '../resolve-link.ts';
import { Pace } from '../units/pace.ts';
import type { Tree } from '../units/tree.ts';
import { followPath } from './follow-path.ts';
import { type Kustomization, MAX_KUSTOMIZATION_BYTES } from './kustomization.ts';
import type { Kustomizations } from './kustomizations.ts';
import { pluginReferences } from './plugin.ts';
import type { Reference } from './reference.ts';
import { refusedKustomization } from './refused.ts';
import { isRemote } from './remote.ts';

/** All that kustomize reads to build a folder. */
export interface KustomizeInputs {
  /** Regular files and the links that lead to them, by path. */
  readonly files: readonly TreeFile[];
  /** Paths of those that are kustomizations or configure plugins. */
  readonly asWritten: ReadonlySet<string>;
  /** The folder itself and those of the kustomizations that it refers to, without links. */
  readonly folders: ReadonlySet<string>;
  /** How many paths were followed. */
  readonly references: number;
}

/** Kustomizations on the way from the one that is built to another. */
const MAX_DEPTH = 100;
const MAX_FILES = 10_000;
const MAX_BYTES = 64 << 20;

/**
 * Follows the paths of a kustomization, and of those that it refers to, before anything is run. Every path must lead to a file or folder
 * of the repository, and files must be in the folder of their kustomization, which is what kustomize itself demands (S-027).
 * @throws FluxError `kustomize/refused`, `kustomize/missing`, or as `parseKustomization` does, with the file
 */
export async function kustomizeInputs(
  tree: Tree,
  folder: string,
  kustomizations: Kustomizations,
  pace = new Pace(),
): Promise<KustomizeInputs> {
  const walk = new Walk(tree, kustomizations, pace);
  await walk.kustomization(folder, 'Kustomization', []);
  return { files: walk.sorted(), asWritten: walk.asWritten, folders: walk.folders, references: walk.references };
}

class Walk {
  readonly folders = new Set<string>();
  readonly asWritten = new Set<string>();
  readonly #files = new Map<string, TreeFile>();
  readonly #tree: Tree;
  readonly #kustomizations: Kustomizations;
  readonly #pace: Pace;
  references = 0;
  #bytes = 0;

  constructor(tree: Tree, kustomizations: Kustomizations, pace: Pace) {
    this.#tree = tree;
    this.#kustomizations = kustomizations;
    this.#pace = pace;
  }

  sorted(): readonly TreeFile[] {
    return [...this.#files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** `way` are the folders that lead here. */
  async kustomization(folder: string, kind: Kustomization['kind'], way: readonly string[]): Promise<void> {
    // Not even a folder around one that is being built, by kustomize's own rule.
    if (way.some(below(folder))) throw refusedKustomization(`a cycle: ${[...way, folder].map(shown).join(' refers to ')}`);
    if (way.length > MAX_DEPTH) throw refusedKustomization(`more than ${MAX_DEPTH} kustomizations refer to one another in a row`);
    const { file, kustomization } = await this.#kustomizations.at(this.#tree, folder, this.#pace);
    if (kustomization.kind !== kind) throw missing(file.path, `is a ${kustomization.kind}, where a ${kind} must be`);
    if (this.folders.has(folder)) return;
    this.folders.add(folder);
    this.asWritten.add(file.path);
    this.#add(file);
    for (const reference of kustomization.references)
      await this.#reference(reference, { folder, file: file.path, way: [...way, folder] });
  }

  async #reference(reference: Reference, from: From): Promise<void> {
    this.references += 1;
    const { path, to, key } = reference;
    await this.#pace.beforeFollowing(from.folder.length + path.length);
    if (path === '') throw missing(from.file, `has an empty path in ${key}`);
    if (isRemote(path)) throw refusedKustomization(`${key} in ${from.file} has a remote address where a path must be`);
    const followed = await followPath(this.#tree, from.folder, path);
    if (!followed) throw refusedKustomization(`${key} in ${from.file} has a path that leads out of the repository`);
    const file = this.#tree.get(followed.path);
    if (file?.mode === SUBMODULE) throw missing(from.file, `has in ${key} the path of a submodule, which is not fetched`);
    if (file && isRegular(file)) {
      if (to === 'component') throw missing(from.file, `has in ${key} the path of a file, where a folder must be`);
      requireInside(followed.path, reference, from);
      for (const link of followed.links) this.#add(link);
      this.#add(file);
      if (to === 'plugin') {
        this.asWritten.add(file.path);
        if (file.size > MAX_KUSTOMIZATION_BYTES)
          throw refusedKustomization(`${file.path} has more than ${MAX_KUSTOMIZATION_BYTES >> 10} KiB`);
        const text = (await this.#tree.read(file)).toString('utf8');
        await this.#pace.beforeParsing(file.size);
        for (const inside of pluginReferences(text, key)) await this.#reference(inside, from);
      }
      return;
    }
    if (to === 'perhaps') return;
    if (to === 'plugin' && file === undefined)
      throw refusedKustomization(`${key} in ${from.file} has a folder, or a file that is not there; name the files with plugins`);
    if (to === 'file' || !this.#kustomizations.isAt(this.#tree, followed.path)) throw notThere(reference, from);
    for (const link of followed.links) this.#add(link);
    await this.kustomization(followed.path, to === 'component' ? 'Component' : 'Kustomization', from.way);
  }

  #add(file: TreeFile): void {
    if (this.#files.has(file.path)) return;
    const fault = faultOfLength(file.path);
    if (fault)
      throw refusedKustomization(`${JSON.stringify(file.path.slice(-300).toWellFormed())} cannot be given to it: ${fault}`);
    this.#files.set(file.path, file);
    this.#bytes += file.size;
    if (file.size > MAX_FILE_BYTES || this.#files.size > MAX_FILES || this.#bytes > MAX_BYTES)
      throw refusedKustomization(
        `it reads more than ${MAX_FILES} files, ${MAX_BYTES >> 20} MiB, or one of more than ${MAX_FILE_BYTES >> 20} MiB`,
      );
  }
}

interface From {
  readonly folder: string;
  /** Path of the kustomization. */
  readonly file: string;
  readonly way: readonly string[];
}

/** What kustomize calls its load restriction. */
function requireInside(path: string, { key }: Reference, { folder, file }: From): void {
  if (folder === '' || path.startsWith(`${folder}/`)) return;
  throw refusedKustomization(`${key} in ${file} has a file outside of ${shown(folder)}, the folder of the kustomization`);
}

function notThere({ path, to, key }: Reference, { file }: From): FluxError {
  const what =
    to === 'file' ? 'a file' : to === 'component' ? 'a folder with a kustomization' : 'a file, or a folder with a kustomization';
  return missing(file, `has in ${key} the path ${JSON.stringify(path.slice(0, 200).toWellFormed())}, which is not ${what}`);
}

function missing(file: string, why: string): FluxError {
  return new FluxError(`kustomization ${file} ${why}`, {
    code: 'kustomize/missing',
    fault: 'user',
    help: 'Correct the path, or add what it leads to. What is rendered stays as it is in the cluster, and nothing is deleted, until then.',
  });
}

function shown(folder: string): string {
  return folder === '' ? '.' : folder;
}

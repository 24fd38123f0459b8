import { posix } from 'node:path';
import { LRUCache } from 'lru-cache';
import { FluxError, folderOf } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import { isRegular } from '../regular-file.ts';
import type { Pace } from '../units/pace.ts';
import type { Tree } from '../units/tree.ts';
import { badKustomization, type Kustomization, MAX_KUSTOMIZATION_BYTES, parseKustomization } from './kustomization.ts';

/** The names that kustomize knows. */
const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
/** Kustomizations that are remembered by blob id, and how many paths all of them may have: each takes about 200 bytes. */
const MAX_KEPT = 20_000;
const MAX_KEPT_REFERENCES = 200_000;

/** A kustomization and its file. */
export interface KustomizationAt {
  readonly file: TreeFile;
  readonly kustomization: Kustomization;
}

/** Reads the kustomizations of trees. What a blob says is remembered. */
export class Kustomizations {
  readonly #known = new LRUCache<string, Kustomization | FluxError>({
    max: MAX_KEPT,
    maxSize: MAX_KEPT_REFERENCES,
    sizeCalculation: (known) => (known instanceof FluxError ? 1 : known.references.length + 1),
  });

  /** Whether kustomize would find a kustomization in a folder. */
  isAt(tree: Pick<Tree, 'get'>, folder: string): boolean {
    return NAMES.some((name) => tree.get(posix.join(folder, name)) !== undefined);
  }

  /** Its files in a folder; kustomize takes only one. */
  filesAt(tree: Pick<Tree, 'get'>, folder: string): readonly TreeFile[] {
    return NAMES.flatMap((name) => tree.get(posix.join(folder, name)) ?? []);
  }

  /** The kustomization in a folder. @throws FluxError `kustomize/bad-file`, or as `parseKustomization` does */
  async at(tree: Pick<Tree, 'get' | 'read'>, folder: string, pace: Pace): Promise<KustomizationAt> {
    await pace.beforeFollowing(folder.length);
    const [file, second] = this.filesAt(tree, folder);
    if (!file) throw badKustomization(`${folder === '' ? '.' : folder} has no kustomization.yaml`);
    if (second) throw badKustomization(`${file.path} and ${second.path} are both there`);
    if (!isRegular(file)) throw badKustomization(`${file.path} is a link or a submodule, not a file`);
    if (file.size > MAX_KUSTOMIZATION_BYTES)
      throw badKustomization(`${file.path} has more than ${MAX_KUSTOMIZATION_BYTES >> 10} KiB`);
    const known = this.#known.get(file.blob) ?? (await parsed(file, tree, pace));
    this.#known.set(file.blob, known);
    if (known instanceof FluxError) throw inFile(file.path, known);
    return { file, kustomization: known };
  }
}

async function parsed(file: TreeFile, tree: Pick<Tree, 'read'>, pace: Pace): Promise<Kustomization | FluxError> {
  const bytes = await tree.read(file);
  await pace.beforeParsing(bytes.length);
  try {
    return parseKustomization(bytes);
  } catch (error) {
    if (error instanceof FluxError) return error;
    throw error;
  }
}

/** The same content may be in several files. */
function inFile(path: string, { message, code, fault, help = '' }: FluxError): FluxError {
  return new FluxError(`${path}: ${message}`, { code, fault, help });
}

/** The folder of a kustomization, by its path; undefined for other files. */
export function kustomizationFolder(path: string): string | undefined {
  return NAMES.includes(posix.basename(path)) ? folderOf(path) : undefined;
}

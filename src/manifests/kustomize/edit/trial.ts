import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Cancellable, FluxError } from '../../../base/index.ts';
import type { FileText } from '../../../repository/index.ts';
import type { KubeObject } from '../../../resource/index.ts';
import { decodeText } from '../../decode.ts';
import type { ParsedObject } from '../../finding.ts';
import type { ObjectChange } from '../../object-change.ts';
import { changedObject } from '../../patch/edit-patch-file.ts';
import { isRegular } from '../../regular-file.ts';
import { Pace } from '../../units/pace.ts';
import type { Tree } from '../../units/tree.ts';
import type { KustomizeUnit } from '../../units/unit.ts';
import { build, type KustomizeOptions, originsOf } from '../build.ts';
import { kustomizeInputs } from '../inputs.ts';
import type { Kustomizations } from '../kustomizations.ts';
import { objectKey } from '../object-key.ts';
import { differenceFrom } from './expected.ts';

export interface TrialOptions extends KustomizeOptions {
  /** Those of all trees: a trial changes one of them, or two. */
  readonly kustomizations: Kustomizations;
}

/** Edits of one unit, of which each counts only when building it again shows what was wanted. */
export class Trial {
  readonly unit: KustomizeUnit;
  readonly options: TrialOptions;
  readonly cancel: Cancellable;
  readonly #texts = new Map<string, string>();
  #tree: Tree;
  #objects: readonly ParsedObject[];
  #origins: Promise<ReadonlyMap<string, string>> | undefined;

  private constructor(
    unit: KustomizeUnit,
    options: TrialOptions,
    cancel: Cancellable,
    tree: Tree,
    objects: readonly ParsedObject[],
  ) {
    this.unit = unit;
    this.options = options;
    this.cancel = cancel;
    this.#tree = tree;
    this.#objects = objects;
  }

  /** @throws as `build` does */
  static async of(unit: KustomizeUnit, tree: Tree, options: TrialOptions, cancel: Cancellable): Promise<Trial> {
    const { objects } = await build(unit, tree, options, cancel);
    return new Trial(unit, options, cancel, tree, objects);
  }

  /** The files that were edited so far. */
  edits(): readonly FileText[] {
    return [...this.#texts].map(([path, content]) => ({ path, content }));
  }

  /** The text of a file with the edits so far; undefined if there is no regular one. */
  async read(path: string): Promise<string | undefined> {
    const file = this.#tree.get(path);
    return file && isRegular(file) ? decodeText(await this.#tree.read(file)) : undefined;
  }

  /** @throws FluxError `kustomize/cannot-edit` */
  async kustomization(): Promise<string> {
    return (await this.read(this.unit.configFile)) ?? cannotEdit(this.unit, 'it is not a regular file');
  }

  /** An object as it is built with the edits so far. @throws FluxError `kustomize/cannot-edit` */
  built(object: KubeObject): ParsedObject {
    return this.#found(this.#objects, object);
  }

  /** Whether an object is built with a change already. @throws FluxError `kustomize/cannot-edit` */
  has({ manifest, change }: ObjectChange): boolean {
    const { object } = this.built(manifest.object);
    return isDeepStrictEqual(changedObject(object, change), object);
  }

  /** The file that an object comes from, if kustomize knows. @throws as `build` does */
  async originOf(object: KubeObject): Promise<string | undefined> {
    this.#origins ??= originsOf(await this.#unitIn(this.#tree), this.#tree, this.options, this.cancel);
    const origin = (await this.#origins).get(objectKey(object));
    return origin === undefined ? undefined : posix.join(this.unit.directory, origin);
  }

  /** An object as it would be built with more edits. @throws FluxError `kustomize/cannot-edit`, or as `build` does */
  async builtWith(object: KubeObject, edits: readonly FileText[]): Promise<ParsedObject> {
    return this.#found(await this.#build(await this.#tree.with(edits, this.cancel)), object);
  }

  /** Makes edits if they make these changes, and no others; else says what they would do. */
  async attempt(edits: readonly FileText[], changes: readonly ObjectChange[]): Promise<string | undefined> {
    const wanted = new Map(
      changes.map(({ manifest: { object }, change }) => [objectKey(object), changedObject(this.built(object).object, change)]),
    );
    const tree = await this.#tree.with(edits, this.cancel);
    let after: readonly ParsedObject[];
    try {
      after = await this.#build(tree);
    } catch (error) {
      this.cancel.signal?.throwIfAborted();
      if (error instanceof FluxError && error.fault === 'user') return error.message;
      throw error;
    }
    const difference = differenceFrom(wanted, this.#objects, after);
    if (difference !== undefined) return difference;
    for (const { path, content } of edits) this.#texts.set(path, content);
    this.#tree = tree;
    this.#objects = after;
    this.#origins = undefined;
    return undefined;
  }

  async #build(tree: Tree): Promise<readonly ParsedObject[]> {
    const { objects } = await build(await this.#unitIn(tree), tree, this.options, this.cancel);
    return objects;
  }

  async #unitIn(tree: Tree): Promise<KustomizeUnit> {
    const { files } = await kustomizeInputs(tree, this.unit.directory, this.options.kustomizations, new Pace(this.cancel.signal));
    return { ...this.unit, files };
  }

  #found(objects: readonly ParsedObject[], wanted: KubeObject): ParsedObject {
    const found = objects.find(({ object }) => objectKey(object) === objectKey(wanted));
    return found ?? cannotEdit(this.unit, `it does not build ${wanted.kind.toLowerCase()}/${wanted.metadata.name}`);
  }
}

/** @throws FluxError `kustomize/cannot-edit` */
export function cannotEdit({ name }: KustomizeUnit, why: string): never {
  throw new FluxError(`no edit of ${name} makes exactly this change: ${why}`, {
    code: 'kustomize/cannot-edit',
    fault: 'user',
    help: 'Nothing was changed; edit the kustomization by hand.',
  });
}

import { isDeepStrictEqual } from 'node:util';
import { type Cancellable, FluxError } from '../../base/index.ts';
import type { FileText } from '../../repository/index.ts';
import type { KubeObject } from '../../resource/index.ts';
import { decodeText } from '../decode.ts';
import type { ParsedFile, ParsedObject } from '../finding.ts';
import type { ObjectChange } from '../object-change.ts';
import { changedObject } from '../patch/edit-patch-file.ts';
import { isRegular } from '../regular-file.ts';
import { differenceFrom, type Expected } from './expected.ts';
import { objectKey } from './object-key.ts';
import type { Tree } from './tree.ts';

/** How the units of one kind are tried. */
export interface TrialOptions<Unit> {
  /** What a unit renders. @throws as its renderer does */
  render(unit: Unit, tree: Tree, cancel: Cancellable): Promise<ParsedFile>;
  /** The unit in a tree with edits, after which it may be rendered from other files. @throws FluxError */
  unitIn(unit: Unit, tree: Tree, cancel: Cancellable): Promise<Unit>;
  /** @throws FluxError that no edit of a unit makes a change, and why */
  cannotEdit(unit: Unit, why: string): never;
}

/** Edits of one unit, of which each counts only when rendering it again shows what was wanted. */
export class Trial<Unit> {
  readonly cancel: Cancellable;
  readonly #options: TrialOptions<Unit>;
  readonly #texts = new Map<string, string>();
  #unit: Unit;
  #tree: Tree;
  #objects: readonly ParsedObject[];

  private constructor(
    options: TrialOptions<Unit>,
    cancel: Cancellable,
    { unit, tree, objects }: { readonly unit: Unit; readonly tree: Tree; readonly objects: readonly ParsedObject[] },
  ) {
    this.cancel = cancel;
    this.#options = options;
    this.#unit = unit;
    this.#tree = tree;
    this.#objects = objects;
  }

  /** @throws as `render` does */
  static async of<Unit>(unit: Unit, tree: Tree, options: TrialOptions<Unit>, cancel: Cancellable): Promise<Trial<Unit>> {
    const { objects } = await options.render(unit, tree, cancel);
    return new Trial(options, cancel, { unit, tree, objects });
  }

  /** The unit with the edits so far. */
  get unit(): Unit {
    return this.#unit;
  }

  /** All files with the edits so far. */
  get tree(): Tree {
    return this.#tree;
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

  /** An object as it is rendered with the edits so far. @throws as `cannotEdit` does */
  rendered(object: KubeObject): ParsedObject {
    return this.#found(this.#objects, object);
  }

  /** Whether an object is rendered with a change already. @throws as `cannotEdit` does */
  has(change: ObjectChange): boolean {
    return isMade(change, [this.rendered(change.manifest.object)]);
  }

  /** An object as it would be rendered with more edits. @throws as `cannotEdit`, `unitIn` and `render` do */
  async renderedWith(object: KubeObject, edits: readonly FileText[]): Promise<ParsedObject> {
    const tree = await this.#tree.with(edits, this.cancel);
    const unit = await this.#options.unitIn(this.#unit, tree, this.cancel);
    const { objects } = await this.#options.render(unit, tree, this.cancel);
    return this.#found(objects, object);
  }

  /** Makes edits if they make these changes, and no others; else says what they would do. */
  attempt(edits: readonly FileText[], changes: readonly ObjectChange[]): Promise<string | undefined> {
    return this.#attempt(edits, () => ({ wanted: this.#wanted(changes) }));
  }

  /**
   * Makes edits if they make at least one of these changes, and nothing else; else says what they would do. Of `open` objects, by
   * `objectKey`, other fields than the images may change as well.
   */
  attemptSome(
    edits: readonly FileText[],
    changes: readonly ObjectChange[],
    open: ReadonlySet<string>,
  ): Promise<string | undefined> {
    return this.#attempt(edits, (after) => {
      const made = changes.filter((change) => isMade(change, after));
      return { wanted: this.#wanted(made.length === 0 ? changes.slice(0, 1) : made), open };
    });
  }

  /** The objects as they should be after changes, of which one object may have several. */
  #wanted(changes: readonly ObjectChange[]): ReadonlyMap<string, KubeObject> {
    const wanted = new Map<string, KubeObject>();
    for (const { manifest, change } of changes) {
      const key = objectKey(manifest.object);
      wanted.set(key, changedObject(wanted.get(key) ?? this.rendered(manifest.object).object, change));
    }
    return wanted;
  }

  async #attempt(edits: readonly FileText[], expect: (after: readonly ParsedObject[]) => Expected): Promise<string | undefined> {
    const tree = await this.#tree.with(edits, this.cancel);
    let unit: Unit;
    let after: ParsedFile;
    try {
      unit = await this.#options.unitIn(this.#unit, tree, this.cancel);
      after = await this.#options.render(unit, tree, this.cancel);
    } catch (error) {
      this.cancel.signal?.throwIfAborted();
      if (error instanceof FluxError && error.fault === 'user') return error.message;
      throw error;
    }
    const { objects, isConfidential = false } = after;
    const difference = differenceFrom({ ...expect(objects), isConfidential }, this.#objects, objects);
    if (difference !== undefined) return difference;
    for (const { path, content } of edits) this.#texts.set(path, content);
    this.#unit = unit;
    this.#tree = tree;
    this.#objects = objects;
    return undefined;
  }

  #found(objects: readonly ParsedObject[], wanted: KubeObject): ParsedObject {
    const found = objects.find(({ object }) => objectKey(object) === objectKey(wanted));
    return (
      found ?? this.#options.cannotEdit(this.#unit, `it does not render ${wanted.kind.toLowerCase()}/${wanted.metadata.name}`)
    );
  }
}

/** Whether objects have a change. */
function isMade({ manifest, change }: ObjectChange, objects: readonly ParsedObject[]): boolean {
  const key = objectKey(manifest.object);
  const found = objects.find(({ object }) => objectKey(object) === key);
  return found !== undefined && isDeepStrictEqual(changedObject(found.object, change), found.object);
}

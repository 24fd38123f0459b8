import type { Cancellable } from '../../base/index.ts';
import type { FileText, TreeFile } from '../../repository/index.ts';
import type { DesiredState } from '../../resource/index.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { ObjectChange } from '../object-change.ts';
import type { FileProblem } from '../problem.ts';
import type { Tree } from './tree.ts';

/** The files that a unit is rendered from, in order, and what is wrong with its other files. */
export interface Inputs {
  readonly files: readonly TreeFile[];
  readonly errors: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
}

export interface RenderOptions extends Cancellable {
  /** Whether the next rendering may use the result again. */
  readonly keep: boolean;
  /** The memory that is left for the manifests of the revision. */
  readonly budget: MemoryBudget;
}

/** Turns the units of one kind into manifests. */
export interface Renderer<Unit, Files = Tree> {
  /**
   * The manifests of a unit. What is wrong with the content of its files is part of the result, by name, and does not affect the rest.
   * @throws the error of a file that cannot be read, or the signal's reason
   */
  render(unit: Unit, tree: Files, options: RenderOptions): Promise<DesiredState>;
}

/** A renderer that also knows how changes of its output become edits of the sources. */
export interface EditingRenderer<Unit> extends Renderer<Unit> {
  /**
   * The files with new text after changes of objects that the unit renders. What comes of it is shown by rendering again.
   * @throws FluxError if the sources cannot be edited so
   */
  edit(unit: Unit, changes: readonly ObjectChange[], tree: Tree, options: Cancellable): Promise<readonly FileText[]>;
}

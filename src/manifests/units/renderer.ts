import type { Cancellable } from '../../base/index.ts';
import type { FileText, TreeFile } from '../../repository/index.ts';
import type { DesiredState } from '../../resource/index.ts';
import type { ParsedFile } from '../finding.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { ObjectChange } from '../object-change.ts';
import type { FileProblem } from '../problem.ts';
import type { Tree } from './tree.ts';
import type { PlainUnit } from './unit.ts';

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

/** Reads files that are manifests themselves. */
export interface PlainRenderer {
  /**
   * The manifests of a unit. What is wrong with the content of its files is part of the result, by name, and does not affect the rest.
   * @throws the error of a file that cannot be read, or the signal's reason
   */
  render(unit: PlainUnit, tree: Pick<Tree, 'files' | 'read' | 'variables'>, options: RenderOptions): Promise<DesiredState>;
}

/** Turns the units of one kind into manifests. Units with equal inputs have equal results, which are kept by others (`Renderings`). */
export interface Renderer<Unit> {
  /** Identifies all that the result depends on: the files, the configuration and the tool. */
  inputsOf(unit: Unit, tree: Tree): Promise<string>;
  /**
   * What the unit prints, with what is wrong with single documents of it.
   * @throws FluxError why nothing of it can be used; or the error of a file that cannot be read, or the signal's reason
   */
  render(unit: Unit, tree: Tree, options: Cancellable): Promise<ParsedFile>;
  /**
   * The file that each object comes from, by `objectKey` and relative to the folder of the unit. Absent if the tool does not know.
   * @throws as `render` does
   */
  originsOf?(unit: Unit, tree: Tree, options: Cancellable): Promise<ReadonlyMap<string, string>>;
  /**
   * The files with new text after changes of objects that the unit renders. What comes of it is shown by rendering again.
   * @throws FluxError if the sources cannot be edited so
   */
  edit(unit: Unit, changes: readonly ObjectChange[], tree: Tree, options: Cancellable): Promise<readonly FileText[]>;
}

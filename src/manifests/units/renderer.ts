import type { Cancellable } from '../../base/index.ts';
import type { FileText, TreeFile } from '../../repository/index.ts';
import type { DesiredState } from '../../resource/index.ts';
import type { FileChange } from '../file-change.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { FileProblem } from '../problem.ts';
import type { Unit } from './unit.ts';

/** Reads the bytes of a file; rejects only if they cannot be read. */
export type ReadFile = (file: TreeFile) => Promise<Buffer>;

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

/** Turns the units of one kind into manifests, and changes of manifests into edits of their sources. */
export interface Renderer {
  inputs(unit: Unit, read: ReadFile, options: Cancellable): Promise<Inputs>;
  /** What is wrong with the content of the inputs is part of the result, by name, and does not affect the rest. */
  render(inputs: Inputs, read: ReadFile, options: RenderOptions): Promise<DesiredState>;
  /**
   * The source files with new text after a change of the objects that are placed in a file; empty if their text has it already.
   * @throws FluxError if the change cannot be made without affecting another place, or if `read` does
   */
  edit(
    file: string,
    change: FileChange,
    read: (path: string) => Promise<string>,
    options: Cancellable,
  ): Promise<readonly FileText[]>;
}

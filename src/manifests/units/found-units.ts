import type { FileProblem } from '../problem.ts';
import type { Node } from './dependencies.ts';
import type { RenderedUnit } from './unit.ts';

/** The units of one kind in a revision, and what that means for the files around. */
export interface FoundUnits<Unit extends RenderedUnit = RenderedUnit> {
  readonly units: readonly Unit[];
  readonly errors: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
  /** Names of those that cannot be rendered. */
  readonly refused: readonly string[];
  /** All of them, those that are refused included. */
  readonly nodes: readonly Node[];
  /** Whether a file belongs to one of them, so that it is no manifest by itself. */
  readonly covers: (path: string) => boolean;
}

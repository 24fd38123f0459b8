import type { UpdateResult } from '../api/client/index.ts';
import { parseImageRef } from '../image/index.ts';
import { formatTable } from './table.ts';

/** At 0 only what was changed or failed is shown, from 1 on also what was skipped, from 2 on everything. */
export type Verbosity = number;

type ContainerUpdate = NonNullable<UpdateResult[string]['PerContainer']>[number];

/** A line of the table, and the change of a container that it is about. */
export interface ResultRow {
  readonly workload: string;
  readonly cells: readonly string[];
  readonly update?: ContainerUpdate;
}

/** The heading cells end in a blank as in Flux v1, which makes their columns a little wider than they need to be. */
export const RESULT_HEADINGS = ['WORKLOAD ', 'STATUS ', 'UPDATES'];

/** What an update did, workload by workload, sorted by id. */
export function formatResult(result: UpdateResult, verbosity: Verbosity): string {
  return formatTable([RESULT_HEADINGS, ...resultRows(result, verbosity).map(({ cells }) => cells)]);
}

/** The message of a workload, then a row for each container; id and status stand on the first of its rows. */
export function resultRows(result: UpdateResult, verbosity: Verbosity): readonly ResultRow[] {
  return Object.entries(result)
    .filter(([, { Status }]) => (Status !== 'ignored' || verbosity >= 2) && (Status !== 'skipped' || verbosity >= 1))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([workload, { Status, Error: problem, PerContainer }]) => {
      const updates = (PerContainer ?? []).map((update) => ({ text: updateText(update), update }));
      const lines = [...(problem ? [{ text: problem }] : []), ...updates];
      return (lines.length === 0 ? [{ text: '' }] : lines).map(({ text, ...rest }, index): ResultRow => {
        const cells = index === 0 ? [workload, Status, text] : ['', '', text];
        return { workload, cells, ...rest };
      });
    });
}

function updateText({ Container, Current, Target }: ContainerUpdate): string {
  return `${Container}: ${Current} -> ${tagOf(Target)}`;
}

/** The tag alone, because name and registry stay; a target without a tag is shown whole. */
function tagOf(target: string): string {
  try {
    return parseImageRef(target).tag || target;
  } catch {
    return target; // a newer daemon may name images in ways unknown here
  }
}

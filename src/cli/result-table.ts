import type { UpdateResult } from '../api/client/index.ts';
import { parseImageRef } from '../image/index.ts';
import { formatTable } from './table.ts';

/** 0 shows changed and failed workloads, 1 also skipped ones, 2 all. */
export type Verbosity = number;

type ContainerUpdate = NonNullable<UpdateResult[string]['PerContainer']>[number];

/** A line of the table, and the container change that it shows. */
export interface ResultRow {
  readonly workload: string;
  readonly cells: readonly string[];
  readonly update?: ContainerUpdate;
}

/** The heading cells end in a space, as in Flux v1, which widens their columns. */
export const RESULT_HEADINGS = ['WORKLOAD ', 'STATUS ', 'UPDATES'];

/** The result of an update for each workload, sorted by id. */
export function formatResult(result: UpdateResult, verbosity: Verbosity): string {
  return formatTable([RESULT_HEADINGS, ...resultRows(result, verbosity).map(({ cells }) => cells)]);
}

/** The workload's message, then a row for each container. The first row has the id and status. */
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

/** Only the tag, since the image name stays the same; a target without a tag is shown whole. */
function tagOf(target: string): string {
  try {
    return parseImageRef(target).tag || target;
  } catch {
    return target; // a newer daemon may use image references that this version cannot parse
  }
}

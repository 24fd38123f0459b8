import type { UpdateResult } from '../api/client/index.ts';
import { parseImageRef } from '../image/index.ts';
import { formatTable } from './table.ts';

/** At 0 only what was changed or failed is shown, from 1 on also what was skipped, from 2 on everything. */
export type Verbosity = number;

/**
 * What an update did, workload by workload, sorted by id. The heading cells end in a blank as in Flux v1, which makes their
 * columns a little wider than they need to be.
 */
export function formatResult(result: UpdateResult, verbosity: Verbosity): string {
  const rows = Object.entries(result)
    .filter(([, { Status }]) => (Status !== 'ignored' || verbosity >= 2) && (Status !== 'skipped' || verbosity >= 1))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, { Status, Error: problem, PerContainer }]) => {
      const lines = [
        ...(problem ? [problem] : []),
        ...(PerContainer ?? []).map(({ Container, Current, Target }) => `${Container}: ${Current} -> ${tagOf(Target)}`),
      ];
      return (lines.length === 0 ? [''] : lines).map((line, index) => (index === 0 ? [id, Status, line] : ['', '', line]));
    });
  return formatTable([['WORKLOAD ', 'STATUS ', 'UPDATES'], ...rows]);
}

/** The tag alone, because name and registry stay; a target without a tag is shown whole. */
function tagOf(target: string): string {
  try {
    return parseImageRef(target).tag || target;
  } catch {
    return target; // a newer daemon may name images in ways unknown here
  }
}

import { fewOf } from '../../base/index.ts';
import type { LocalTree } from '../../git/index.ts';
import type { Problem } from '../../resource/index.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { painter } from '../style.ts';
import { problemLine } from '../sync-summary.ts';

/** Writes errors and warnings to standard error, a line each, in the words of a sync. */
export function reportProblems(session: Session, errors: readonly Problem[], warnings: readonly Problem[]): void {
  const paint = painter(session, session.stderr);
  const lines = [
    ...errors.map((problem) => paint('red', printableLine(problemLine('error', problem)))),
    ...warnings.map((problem) => paint('yellow', printableLine(problemLine('warning', problem)))),
  ];
  for (const line of lines) session.stderr.write(`${line}\n`);
}

/** What the paths that are left out are. */
const LEFT_OUT = {
  special: 'neither a file nor a link',
  sparse: 'not checked out, since the checkout is sparse',
} as const;

const SHOWN = 5;

/** Names the paths that are not read. */
export function reportLeftOut({ stderr }: Session, leftOut: LocalTree['leftOut']): void {
  for (const [why, all] of Map.groupBy(leftOut, (each) => each.why)) {
    const names = all.map(({ path }) => path);
    stderr.write(`${printableLine(`warning left out, ${LEFT_OUT[why]}: ${fewOf(names, SHOWN)}`)}\n`);
  }
}

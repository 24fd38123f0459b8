import { FluxError } from '../../base/index.ts';
import { isBranch, type Lineage, type Revision } from '../../repository/index.ts';

/** A branch whose head does not continue what was applied last. */
export interface Rewritten {
  /** One line about it. */
  readonly error: FluxError;
  /** Why it may not be on purpose that the new head lacks objects; absent if there is no reason to think so. */
  readonly doubt?: string;
}

const WHAT: Partial<Record<Lineage, { readonly text: string; readonly doubt?: string }>> = {
  rewritten: { text: 'its history was rewritten' },
  unrelated: {
    text: 'another history took its place, which has no commit in common with the one before',
    doubt: 'the branch has another history than before',
  },
  gone: {
    text: 'the commit that was synced last is not in the repository any more',
    doubt: 'the commit that was synced last is not in the repository any more',
  },
};

/** What happened to the branch, unless its head continues what was applied last. */
export function rewrittenHistory(
  lineage: Lineage,
  { from, to, follows }: { readonly from: Revision; readonly to: Revision; readonly follows: string },
): Rewritten | undefined {
  const what = WHAT[lineage];
  // Tags of several branches do not continue each other.
  if (!what || (lineage === 'rewritten' && !isBranch(follows))) return undefined;
  const { text, doubt } = what;
  const error = new FluxError(
    `${isBranch(follows) ? `branch "${follows}"` : follows} went from ${from.slice(0, 7)} to ${to.slice(0, 7)}: ${text}`,
    {
      code: 'git/history-rewritten',
      fault: 'user',
      help: `The new head is applied.${doubt === undefined ? '' : ' Objects that it lacks are kept until their deletion is approved: fluxctl gc lists them.'}`,
    },
  );
  return { error, ...(doubt === undefined ? {} : { doubt }) };
}

export function doubtOf(lineage: Lineage): string | undefined {
  return WHAT[lineage]?.doubt;
}
